import type { Artifact } from "../../../../src/protocol/artifacts.ts";

/** An artifact, or why a kind has none in that state. */
type Made<A> = (() => A) | string;

/**
 * A kind of artifact in the states that only it knows how to make. The others (huge and tiny values, NaN, long names,
 * right-to-left text) are derived from `typical`: see derived.ts.
 */
export interface KindStates<A extends Artifact> {
  readonly typical: () => A;
  /** With one element: one bar, one box, one token, one place. */
  readonly one: Made<A>;
  /** With none. */
  readonly none: Made<A>;
  /** What else makes it look another way, by its name. */
  readonly more?: Readonly<Record<string, () => A>>;
}
