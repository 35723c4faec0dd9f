import type { ImageArtifact } from "./artifacts.ts";
import type { Provenance, Result } from "./result.ts";
import type { LayerChoice, Progress, TargetSpec } from "./engine.ts";
import type { Looks } from "./looks.ts";
import type { Recipe, RecipeReport } from "./recipe.ts";
import type { Params, TechniqueInfo } from "./technique.ts";

/** The technique panel's small state: enough to show the same again after a reload. Validated when it comes back. */
export interface PanelState {
  /** URI strings. */
  readonly model: string;
  readonly input: string;
  /** Further inputs, URI strings: the result is the mean over all. */
  readonly more?: readonly string[];
  readonly technique: string;
  /** The model's inputs that are explained, by name; where it is left out, those that usually are. */
  readonly explain?: readonly string[];
  readonly target: TargetSpec;
  readonly layer?: string;
  /** Further layers, whose maps are averaged with that one's; for methods that take several. */
  readonly moreLayers?: readonly string[];
  /** By technique id, so that going back to a method finds its options as they were. */
  readonly params: Readonly<Record<string, Params>>;
  readonly looks: Looks;
  /** Set when the person changed the recipe without saving it beside the model. */
  readonly recipe?: Recipe;
}

/** What the panel's webview may ask of the extension. */
export interface PanelHost {
  /**
   * First call of every (re)loaded webview: all it needs to draw. The last result comes along when it is still on disk.
   */
  ready(request: Record<string, never>): PanelBoot;
  /**
   * Runs the job that this state describes; the extension remembers the state. Progress events while it runs; aborting
   * cancels.
   */
  run(request: { readonly state: PanelState }): { readonly result: Result; readonly cached: boolean };
  /**
   * Puts the result that this state shows to a check (a technique of the group "trust"); the panel's state stays what
   * it is.
   */
  check(request: { readonly state: PanelState; readonly check: string }): {
    readonly result: Result;
    readonly cached: boolean;
  };
  /** Remembers looks and the like without running. */
  remember(request: { readonly state: PanelState }): void;
  layers(request: { readonly state: PanelState }): {
    readonly layers: readonly LayerChoice[];
    readonly defaultLayer?: string;
  };
  channel(request: { readonly state: PanelState; readonly channel: number }): {
    readonly height: number;
    readonly width: number;
    readonly values: Float32Array;
  };
  tiles(request: { readonly state: PanelState; readonly from: number; readonly to: number }): {
    readonly tiles: Float32Array;
  };
  preview(request: { readonly state: PanelState; readonly recipe: Recipe }): {
    readonly before: ImageArtifact;
    readonly after: ImageArtifact;
  };
  saveRecipe(request: { readonly state: PanelState; readonly recipe: Recipe }): RecipeReport;
  /** Lets the person pick another input (quick pick); undefined when they left it. */
  pickInput(request: { readonly state: PanelState }): { readonly input: string; readonly name: string } | undefined;
  /**
   * Lets the person pick files like the input (open dialog), several where `many`: URI strings and absolute paths;
   * undefined when they left it.
   */
  pickFiles(request: {
    readonly state: PanelState;
    readonly many: boolean;
    readonly title: string;
  }): { readonly inputs: readonly string[]; readonly paths: readonly string[] } | undefined;
  /** Lets the person pick any class (quick pick with all names); undefined when they left it. */
  pickTarget(request: {
    readonly state: PanelState;
  }): { readonly target: TargetSpec; readonly label: string } | undefined;
  /** Saves bytes that the webview made (a save dialog asks where); false when the person left it. */
  save(request: { readonly suggestedName: string; readonly bytes: Uint8Array }): {
    readonly saved: boolean;
    readonly path?: string;
  };
  /** Asks how and where, and writes the explanation as one ONNX model; no path when the person left it. */
  exportModel(request: { readonly state: PanelState }): { readonly path?: string };
  /**
   * Puts Python code that gives this result again on the clipboard; a sentence about it. Rejects where there is none.
   */
  copyPython(request: { readonly provenance: Provenance }): { readonly notice: string };
  /** Asks which methods are compared with this one, and opens the comparison. */
  compare(request: { readonly state: PanelState }): void;
  /** Opens the model in its editor. */
  openModel(request: { readonly state: PanelState }): void;
}

export interface PanelBoot {
  readonly state: PanelState;
  readonly techniques: readonly TechniqueInfo[];
  readonly modelName: string;
  readonly inputName: string;
  readonly recipe: RecipeReport;
  readonly outputs: readonly string[];
  /** The one that is looked at unless another is asked for: the first that has scores. */
  readonly defaultOutput?: string;
  readonly result?: Result;
  /** Why nothing can be run (untrusted workspace, no file path ...), as a sentence. */
  readonly blocked?: string;
}

/** What the extension may tell the panel's webview (only while it is visible; the webview asks again on ready). */
export interface PanelView {
  /** The model changed on disk, was deleted, or a command chose something else for this panel. */
  changed(request: {
    readonly boot: PanelBoot;
    readonly reason: "model-changed" | "model-deleted" | "command" | "recipe";
  }): void;
}

export type { Progress };
