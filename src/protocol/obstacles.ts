import type { TechniqueInfo } from "./technique.ts";

/** What a model, or a model with its input, does not allow. */
export type Obstacle =
  /** The model does not run at all. */
  | "run"
  /** No gradient of the score by anything. */
  | "gradient"
  /** None by the input. */
  | "input gradient"
  /** None by the input of any layer either. */
  | "neuron gradient"
  /** The input is of integers or texts, which are looked up nowhere. */
  | "float input"
  | "spatial layer"
  | "pooled head"
  | "forward runs that compare"
  | "baseline that compares";

/** Something that a model's file rules out, whatever it is fed: known before anything runs. */
export interface Limit {
  readonly obstacle: Obstacle;
  /** Why, in a sentence; the same that a run would end with. */
  readonly reason: string;
  /** The node, value or place in the file. */
  readonly where?: string;
}

type Question = Pick<TechniqueInfo, "group" | "needs" | "params">;

/** Which methods cannot do without. A check can take any of them: only what stops all stops it. */
const RULES_OUT: Readonly<Record<Obstacle, (info: Question) => boolean>> = {
  run: () => true,
  gradient: ({ needs }) => (needs.gradient && needs.target) || needs.pooledHead === true,
  // Methods that begin at a later layer ask for no gradient of the input.
  "input gradient": ({ needs }) =>
    needs.gradient && needs.target && (needs.layer === "none" || needs.ofInput === "gradient"),
  "neuron gradient": ({ group }) => group === "neurons",
  "float input": ({ needs, group }) =>
    needs.gradient && (needs.layer === "none" || group === "neurons" || needs.ofInput !== undefined),
  "spatial layer": ({ needs }) => needs.layer === "spatial",
  "pooled head": ({ needs }) => needs.pooledHead === true,
  "forward runs that compare": ({ needs }) => needs.target && !needs.gradient,
  "baseline that compares": ({ params }) => params.some(({ name }) => name === "baseline"),
};

export function rulesOut(obstacle: Obstacle, info: Question): boolean {
  return (obstacle === "run" || info.group !== "checks") && RULES_OUT[obstacle](info);
}

/**
 * Why a method cannot work for a model, in a sentence for people; undefined where it can, or only a run can tell.
 * @param facts The model's limits, as its description has them.
 */
export function whyNot(info: Question, facts: { readonly limits?: readonly Limit[] }): string | undefined {
  return facts.limits?.find(({ obstacle }) => rulesOut(obstacle, info))?.reason;
}
