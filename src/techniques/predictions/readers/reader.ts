import type { Artifact } from "../../../protocol/artifacts.ts";
import type { Reading } from "../../../protocol/readings.ts";
import type { SampleContext } from "../../framework/technique.ts";

/** One way to show an output. */
export interface Reader {
  readonly as: Reading;
  /** Why the output cannot be shown so, as the end of a sentence: "it needs a map [N, K, H, W]"; undefined where it can. */
  problem(context: SampleContext): string | undefined;
  /** Whether the output is taken for this where nobody says what it is, and why. Asked only where there is no problem. */
  guess(context: SampleContext): Guess | undefined;
  /** What is shown, first of all; the plain values come after it. */
  views(context: SampleContext): readonly Artifact[] | Promise<readonly Artifact[]>;
}

export interface Guess {
  /** One sentence: "It has 21 channels over the image." */
  readonly why: string;
  /** Neither the graph, its names nor the values say so for certain. */
  readonly assumed?: boolean;
}
