import type { VNode } from "preact";
import type { Artifact } from "../../src/protocol/artifacts.ts";
import type { TargetSpec } from "../../src/protocol/job.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import type { Params, ParamValue } from "../../src/protocol/technique.ts";
import type { PartialResult, Result } from "../../src/protocol/result.ts";
import type { Linked } from "./linked.tsx";
import type { Drawing, Reading } from "./map-values.ts";

/** How one kind of artifact is shown by itself; what else is known of it is in src/draw/kinds. */
export interface KindView<A extends Artifact> {
  /** With its controls. */
  readonly Full: (props: FullProps<A>) => VNode;
  /** What a file of the picture is made of, where that is another artifact: what is enlarged in it. */
  saved?(artifact: A, looks: Looks, page: Pick<Page, "channel">): Promise<Saved> | undefined;
}

/** How it is shown in a cell of a comparison. Apart from the other: a comparison need not load what it never shows. */
export interface KindCell<A extends Artifact> {
  readonly Small: (props: SmallProps<A>) => VNode;
  /** Whether it follows the comparison's zoom. */
  readonly zooms: boolean;
}

export interface Saved {
  readonly artifact: Artifact;
  /** The end of the file's name. */
  readonly name: string;
}

/** A result, or what a job has to show so far. */
type ShownResult = PartialResult & Partial<Pick<Result, "provenance">>;

export interface FullProps<A extends Artifact> {
  readonly artifact: A;
  readonly result: ShownResult;
  readonly page: Page;
  /** Whether the display options stand at another artifact of this kind already. */
  readonly withoutOptions?: boolean;
  /** Whether there is little room: one of several results on a page. */
  readonly compact?: boolean;
}

export interface SmallProps<A extends Artifact> {
  readonly artifact: A;
  readonly result: ShownResult;
  /** The values that are compared, on the scale that the cell shares; and what they are at the linked cursor. */
  readonly drawing: Drawing;
  readonly reading: Reading | undefined;
  /** Whether the scale is this cell's alone, and so shown below it. */
  readonly bar: boolean;
  readonly looks: Looks;
  readonly linked: Linked;
}

/** What a result's view needs of the page that it stands on. */
export interface Page {
  readonly looks: Looks;
  setLooks(change: Partial<Looks>): void;
  /** What is explained now. */
  readonly target: TargetSpec;
  /** Whether another target can be explained: nothing blocks running. */
  readonly canExplain: boolean;
  explain(target: TargetSpec): void;
  pickTarget(): void;
  /** What the method that the result is of was asked with; and asks it anew with another value. */
  readonly params: Params;
  setParam(name: string, value: ParamValue): void;
  /** What an input's channels are called, where the recipe says so: R, G, B. */
  channelNames(count: number): readonly string[] | undefined;
  /** One channel of the layer that the result shows, at full resolution. */
  channel(channel: number, signal?: AbortSignal): Promise<{ height: number; width: number; values: Float32Array }>;
  /** Tiles of channels [from, to). */
  tiles(from: number, to: number, signal: AbortSignal): Promise<Float32Array>;
  fail(error: unknown): void;
}
