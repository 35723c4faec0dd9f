import { Random } from "../../math/random.ts";
import type { CurveNumber } from "../../protocol/artifacts.ts";
import { randomNumbers } from "../../protocol/checks.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { wholeNumberParam } from "../framework/params.ts";
import type { TechniqueOutput } from "../framework/technique.ts";

type Raw = TechniqueOutput["raw"];

/** How many random maps a check's numbers are held against. `count`: few where each runs the model. */
export function randomMapParams(count: number) {
  return [
    wholeNumberParam(
      "random_maps",
      "Random maps",
      { default: count, min: 0, max: 100 },
      "Number of random maps of the explanation's shape that go through the same check, for comparison; 0: none.",
    ),
    {
      ...wholeNumberParam(
        "random_seed",
        "Random maps' seed",
        { default: 0, min: 0, max: 2 ** 32 - 101 },
        "Seed of the first random map; each further one has the next.",
      ),
      hiddenWhen: { param: "random_maps", is: 0 },
    },
  ] as const satisfies readonly ParamSpec[];
}

interface RandomMapParams {
  readonly random_maps: number;
  readonly random_seed: number;
}

/** A generator for each random map: map i begins with the seed + i. */
export function randomGenerators({ random_maps, random_seed }: RandomMapParams): Random[] {
  return Array.from({ length: random_maps }, (_, map) => new Random(random_seed + map));
}

/**
 * A map that knows nothing of the model and the input: independent standard normal values in the explanation's own
 * resolution, one for each of its values (of its parts, where it has effects of parts), magnitudes where the
 * explanation has none below zero, scaled to its root mean square.
 */
export function randomMap(raw: Raw, random: Random): Raw {
  const { effects } = raw;
  const like = effects?.parts ?? raw.values;
  const signed = like.some((value) => value < 0);
  const scale = Math.sqrt(like.reduce((sum, value) => sum + value * value, 0) / Math.max(1, like.length)) || 1;
  const values = Float32Array.from(like, () => {
    const value = random.normal();
    return scale * (signed ? value : Math.abs(value));
  });
  if (!effects) return { ...raw, values };
  const laid = effects.lay(values);
  return { ...raw, values: laid.values, effects: { ...effects, parts: values, shares: laid.shares } };
}

/** A check's numbers beside those that `measured` has for each random map, by id. */
export function besideRandom(
  numbers: readonly CurveNumber[],
  measured: readonly Readonly<Record<string, number>>[],
): CurveNumber[] {
  if (measured.length === 0) return [...numbers];
  return numbers.map((number) =>
    number.id in measured[0] ? { ...number, random: randomNumbers(measured.map((one) => one[number.id])) } : number,
  );
}

/** "3 random maps, seeds 0 to 2"; nothing for none. */
export function randomMapCaption({ random_maps: count, random_seed: seed }: RandomMapParams): string {
  if (count === 0) return "";
  return count === 1 ? `; 1 random map, seed ${seed}` : `; ${count} random maps, seeds ${seed} to ${seed + count - 1}`;
}
