import { formatPercent } from "../../protocol/format.ts";
/** One step of differences along a direction. */
export interface Step {
  /** As a fraction of the input's size. */
  readonly step: number;
  /** The gradient times the move that was really made, for each unit of it. */
  readonly analytic: number;
  /** Central, forward and backward differences of the score. */
  readonly numeric: number;
  readonly forward: number;
  readonly backward: number;
  /**
   * |numeric − analytic| as a fraction of what such a direction can give; and what rounding the score alone can make of
   * it.
   */
  readonly error: number;
  readonly rounding: number;
  /**
   * The gradient averaged along the way between the two points, and how sure that average is: where the point alone
   * does not tell.
   */
  readonly line?: { readonly analytic: number; readonly doubt: number };
}

export type Verdict = "agrees" | "differs" | "inconclusive";

export interface Judgement {
  readonly verdict: Verdict;
  /** Why it is inconclusive; of what differs, by how much. */
  readonly why?: string;
  /** The step that the verdict rests on, or the one that comes nearest. */
  readonly best: Step;
}

/** Two neighbouring steps this near the gradient agree with it. */
export const AGREES = 0.003;
/** Differences that settle further from it than this differ. */
const DIFFERS = 0.006;

/**
 * What the differences at the point say, steps ascending. They agree where two neighbouring steps do. They differ where
 * three neighbouring steps settle, among themselves nearer than a third of what parts them from the gradient, with
 * forward and backward differences on one side of it: where these lie on both sides, the point is a kink.
 */
export function judgePoint(steps: readonly Step[]): Judgement {
  const best = nearest(steps, ({ error }) => error);
  if (steps.some(({ numeric, analytic }) => !Number.isFinite(numeric) || !Number.isFinite(analytic)))
    return { verdict: "inconclusive", why: "the score is not finite near the input", best };
  const agreeing = pairs(steps).find(([a, b]) => resolved(a) && resolved(b) && a.error <= AGREES && b.error <= AGREES);
  if (agreeing) return { verdict: "agrees", best: nearest(agreeing, ({ error }) => error) };
  if (steps.length > 0 && steps.every((step) => step.numeric === 0 && step.analytic === 0))
    return { verdict: "agrees", best };
  const unchanged = !steps.some(resolved);
  const settled = triples(steps).find((three) => (unchanged || three.every(resolved)) && settles(three));
  if (settled)
    return {
      verdict: "differs",
      why: `finite differences converge ${percent(nearest(settled, ({ error }) => error).error)} from the gradient`,
      best: settled[1],
    };
  return { verdict: "inconclusive", why: reason(steps), best };
}

/**
 * The same of averages along the way: kinks and curvature are inside them, so only rounding and doubtful averages are
 * left. Two neighbouring steps agree; three that part alike differ. `size` is what errors are fractions of.
 */
export function judgeLine(steps: readonly Step[], size: (step: Step) => number): Judgement | undefined {
  const along = steps.filter(
    ({ line, numeric }) => line !== undefined && Number.isFinite(line.analytic) && Number.isFinite(numeric),
  );
  const parted = (step: Step): number => (step.numeric - step.line!.analytic) / size(step);
  const doubt = (step: Step): number => step.line!.doubt / size(step) + step.rounding;
  for (const two of pairs(along))
    if (two.every((step) => Math.abs(parted(step)) <= AGREES && doubt(step) <= 3 * AGREES))
      return { verdict: "agrees", best: two[0] };
  for (const three of triples(along)) {
    const all = three.map(parted);
    const least = Math.min(...all.map(Math.abs));
    if (
      least <= DIFFERS ||
      Math.max(...all) * Math.min(...all) <= 0 ||
      Math.max(...all) - Math.min(...all) > least / 3 ||
      three.some((step) => doubt(step) > least / 3)
    )
      continue;
    return {
      verdict: "differs",
      why: `finite differences are ${percent(least)} from the average gradient along the step`,
      best: three[1],
    };
  }
  return undefined;
}

/**
 * Equal scores on both sides say nothing as long as other steps find a change: the step is below what the model
 * resolves.
 */
function resolved({ numeric, analytic }: Step): boolean {
  return numeric !== 0 || analytic === 0;
}

function settles(three: readonly Step[]): boolean {
  const signed = three.map(({ numeric, analytic, error }) => (numeric < analytic ? -error : error));
  const least = Math.min(...signed.map(Math.abs));
  if (least <= DIFFERS || Math.max(...signed) * Math.min(...signed) <= 0) return false;
  if (Math.max(...signed) - Math.min(...signed) > least / 3 || three.some(({ rounding }) => rounding > least / 3))
    return false;
  // Of the three, the smallest step has the least curvature in its one-sided differences.
  const [{ numeric, analytic, forward, backward }] = three;
  const apart = Math.abs(numeric - analytic) / 2;
  return [forward, backward].every(
    (side) => (side - analytic) * (numeric - analytic) > 0 && Math.abs(side - analytic) >= apart,
  );
}

/** What keeps differences from settling. */
function reason(steps: readonly Step[]): string {
  const unresolved = steps.filter((step) => !resolved(step)).length;
  if (unresolved > 0 && unresolved < steps.length)
    return "the score changes in jumps: small steps change nothing, large steps leave the neighbourhood";
  const best = steps.indexOf(nearest(steps, ({ error }) => error));
  const kinked = steps
    .slice(0, best + 1)
    .filter(({ forward, backward, numeric, error }) => Math.abs(forward - backward) > Math.abs(numeric) * error).length;
  const rounding = best > 0 ? "small steps are lost in rounding" : "";
  const bending =
    best < steps.length - 1
      ? `${kinked > best / 2 ? "kinks or curvature affect" : "curvature affects"} large steps`
      : "";
  return `the finite differences do not converge: ${[rounding, bending].filter(Boolean).join(", ") || "they change at every step"} (closest: ${percent(steps[best]?.error ?? NaN)})`;
}

function nearest(steps: readonly Step[], by: (step: Step) => number): Step {
  return steps.reduce((best, step) => (by(step) < by(best) || Number.isNaN(by(best)) ? step : best), steps[0]);
}

function pairs<T>(list: readonly T[]): [T, T][] {
  return list.slice(1).map((item, index) => [list[index], item]);
}

function triples<T>(list: readonly T[]): [T, T, T][] {
  return list.slice(2).map((item, index) => [list[index], list[index + 1], item]);
}

function percent(fraction: number): string {
  return formatPercent(fraction, 2);
}
