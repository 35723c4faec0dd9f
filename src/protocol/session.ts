import type { TargetSpec } from "./job.ts";
import type { InputSources } from "./sample.ts";

/** What pages about a model and an input may ask of the extension, whatever they show of it. */
export interface SubjectHost<State, Boot> {
  /** The first call of every page that was loaded, and the one after each `changed`: all that it needs to draw. */
  ready(request: Record<string, never>): Boot;
  /** Remembers the state, for the title and for a reload; runs nothing. */
  remember(request: { readonly state: State }): void;
  /**
   * Lets the person pick another input (quick pick); undefined when they left it. `fill`: what the form of inputs is to
   * begin with, where they want to fill it in; only for pages that have one.
   */
  pickInput(request: {
    readonly state: State;
  }):
    | { readonly input: string; readonly name: string; readonly fill?: undefined }
    | { readonly fill: InputSources }
    | undefined;
  /** Lets the person pick any class (quick pick with all names); undefined when they left it. */
  pickTarget(request: { readonly state: State }): { readonly target: TargetSpec; readonly label: string } | undefined;
  /**
   * Lets the person pick files like the input (open dialog), several where `many`: URI strings and absolute paths;
   * undefined when they left it.
   */
  pickFiles(request: {
    readonly state: State;
    readonly many: boolean;
    readonly title: string;
  }): { readonly inputs: readonly string[]; readonly paths: readonly string[] } | undefined;
  /**
   * Saves bytes that the webview made: a save dialog asks where, and a notification says what was saved; false when the
   * person left the dialog.
   */
  save(request: {
    readonly suggestedName: string;
    readonly bytes: Uint8Array;
    /** A sentence that the notification adds. */
    readonly note?: string;
  }): { readonly saved: boolean };
  /** Something is on the clipboard now: a notification says what ("the image"). */
  copied(request: { readonly what: string }): void;
}

/** What the extension may tell any page, while it is visible. */
export interface SessionView {
  /** Something that the page was drawn from is not what it was: it asks again (`ready`) for what it needs. */
  changed(request: { readonly reason: ChangeReason }): void;
}

/** What happened on disk. */
export type FileReason = "model-changed" | "model-deleted" | "recipe";

/**
 * "command": a command chose something else for this page; "trusted": what was refused may run now; "selection":
 * something was chosen in another view of the same model.
 */
export type ChangeReason = FileReason | "command" | "trusted" | "selection";
