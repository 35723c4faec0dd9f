import type { TargetSpec } from "../../src/protocol/job.ts";
import type { Methods } from "../../src/protocol/link.ts";
import type { InputSources } from "../../src/protocol/sample.ts";
import type { SubjectHost } from "../../src/protocol/session.ts";
import { Store } from "./store.ts";
import type { PageSnapshot } from "./store.ts";

/** What the snapshot of a page about a model and an input has. */
export interface SubjectSnapshot<Boot, State> extends PageSnapshot<Boot, State> {
  /** One quiet line about what just happened: "Cancelled.". */
  readonly notice?: string;
}

/** The extension is told a state once it has stayed the same for this many milliseconds. */
const settle = 400;

/** The store of a page about a model and an input, whose state the extension knows as well. */
export abstract class SubjectStore<
  Boot extends { readonly inputName?: string },
  State,
  Host extends Methods<Host> & SubjectHost<State, Boot>,
  Snapshot extends SubjectSnapshot<Boot, State>,
> extends Store<Host, Snapshot> {
  private rememberTimer: ReturnType<typeof setTimeout> | undefined;

  /** The input, as a URI string; undefined while there is none. */
  protected abstract get input(): string | undefined;

  protected abstract setInput(input: string): void;

  protected abstract setTarget(target: TargetSpec): void;

  async pickInput(): Promise<void> {
    const picked = await this.subject.ask("pickInput", { state: this.state });
    if (picked?.fill) this.fillIn(picked.fill);
    else if (picked && picked.input !== this.input) this.takeInput(picked);
  }

  /** Opens the form of inputs; pages without one are never asked to. */
  protected fillIn(_sources: InputSources): void {
    return;
  }

  protected takeInput({ input, name }: { readonly input: string; readonly name: string }): void {
    this.set({ boot: { ...this.snapshot.boot, inputName: name } });
    this.setInput(input);
  }

  async pickTarget(): Promise<void> {
    const picked = await this.subject.ask("pickTarget", { state: this.state });
    if (picked) this.setTarget(picked.target);
  }

  /** Lets the person pick a file for an option: its absolute path. */
  protected async pickPath(title: string): Promise<string | undefined> {
    return (await this.subject.ask("pickFiles", { state: this.state, many: false, title }))?.paths[0];
  }

  /** Hands a file to the extension, which asks where it should go, and says when it is there. */
  async save(suggestedName: string, bytes: Uint8Array, note?: string): Promise<void> {
    await this.subject.ask("save", { suggestedName, bytes, ...(note === undefined ? {} : { note }) });
  }

  /** Has the extension say what was put on the clipboard. */
  copied(what: string): void {
    void this.subject.ask("copied", { what });
  }

  notify(notice: string | undefined): void {
    this.set({ notice } as Partial<Snapshot>);
  }

  protected rememberSoon(): void {
    clearTimeout(this.rememberTimer);
    this.rememberTimer = setTimeout(() => this.flush(), settle);
  }

  override flush(): void {
    if (this.rememberTimer === undefined) return;
    clearTimeout(this.rememberTimer);
    this.rememberTimer = undefined;
    void this.subject.ask("remember", { state: this.state });
  }

  /** What all such hosts have, without what only this page's has. */
  private get subject(): Pick<Store<SubjectHost<State, Boot>, Snapshot>, "ask"> {
    return this as unknown as Pick<Store<SubjectHost<State, Boot>, Snapshot>, "ask">;
  }
}
