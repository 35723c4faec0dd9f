import { numberParam, seedParam } from "../framework/params.ts";
import { impute } from "../../math/impute.ts";
import { descending } from "../../math/rank.ts";
import { Random } from "../../math/random.ts";
import { UsageError } from "../../model/errors.ts";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { technique, type SampleContext, type SampleTechnique } from "../framework/technique.ts";
import { inputName, inputSaid } from "../framework/input-name.ts";
import { featuresOf, fromPlanes, importanceOf, planesOf, type Features } from "./features.ts";
import { isAttribution, methodOf, methodParam, OPTIONS, within } from "./checked-method.ts";
import { MEASURE, openMeasure } from "./scores.ts";

const PERCENTAGES = {
  type: "text",
  name: "percentages",
  label: "Removed",
  default: "10, 20, 30, 40, 50, 60, 70, 80, 90",
  pattern: String.raw`\s*\d+(?:\.\d+)?(?:\s*,\s*\d+(?:\.\d+)?)*\s*`,
  problem: "Percentages between 0 and 100, separated by commas, such as 10, 30, 50.",
  help: "Percentages of the pixels to remove. pytorch-grad-cam uses 10 to 90, Quantus 1, 3, 5 to 99.",
} as const satisfies ParamSpec;
const NOISE = numberParam(
  "noise",
  "Noise",
  { default: 0.01, min: 0, max: 1e6, step: 0.01 },
  "Standard deviation of the noise added to imputed pixels, in the model's input units, which makes imputation hard to detect.",
);
const SEED = seedParam("The same seed gives the same noise.");

/**
 * Remove and debias (ROAD): the target's probability when the most important pixels (MoRF), or the least important
 * (LeRF), are replaced by what their neighbours say (noisy linear imputation). Raw is [2, percentages]: MoRF, LeRF.
 */
export function road(methods: readonly SampleTechnique[]): SampleTechnique {
  return technique({
    info: {
      id: "road",
      title: "ROAD",
      command: "Check by Removal and Imputation (ROAD)",
      group: "checks",
      summary:
        "Removes the most or the least important pixels and imputes them from their neighbours, so that the shape of the removed region reveals nothing.",
      cite: "Rong, Leemann et al. 2022",
      needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
      passesFollowInput: true,
      params: [methodParam(methods.filter(isAttribution)), OPTIONS, PERCENTAGES, NOISE, SEED, MEASURE],
    },
    async run(context) {
      const method = methodOf(context, methods.filter(isAttribution));
      const features = featuresOf(context);
      const [height, width] = spaceOf(context, features);
      const percentages = percentagesOf(context.params.percentages);
      const raw = await method.explain({}, within(context, 0, 0.3, method.title));
      const order = descending(await importanceOf(context, features, method, raw));
      const measured = await openMeasure(context, method.question(), context.params.measure);
      try {
        const planes = planesOf(features, context.input.values);
        const random = new Random(context.params.seed);
        const removing = async (
          ranked: Uint32Array,
          from: number,
          word: string,
        ): Promise<{ values: Float32Array; kept: (boolean | undefined)[] }> => {
          const copies: Float32Array[] = [];
          let guess = planes;
          for (const [i, percentage] of percentages.entries()) {
            context.signal.throwIfAborted();
            context.progress(from + 0.3 * (i / percentages.length), `${word}: ${percentage}% removed`);
            const removed = ranked.slice(0, Math.floor((features.count * percentage) / 100));
            guess = impute(planes, height, width, removed, guess);
            copies.push(fromPlanes(features, noisy(guess, removed, context.params.noise, random)));
            await yieldToEventLoop();
          }
          return measured.run(
            copies.length,
            (i) => copies[i],
            () => undefined,
          );
        };
        const most = await removing(order, 0.4, "Most important first");
        const least = await removing(order.slice().reverse(), 0.7, "Least important first");
        const artifact = artifactOf(method.title, features.word, percentages, measured, { most, least });
        return {
          raw: { dims: [2, percentages.length], values: Float32Array.of(...most.values, ...least.values) },
          views: [artifact],
        };
      } finally {
        await measured.release();
      }
    },
  });
}

interface Curve {
  readonly values: Float32Array;
  readonly kept: readonly (boolean | undefined)[];
}

function artifactOf(
  title: string,
  word: string,
  percentages: readonly number[],
  { label, bounded }: { readonly label: string; readonly bounded: boolean },
  { most, least }: { readonly most: Curve; readonly least: Curve },
): CurvesArtifact {
  const x = Float32Array.from(percentages);
  const [morf, lerf] = [mean(most.values), mean(least.values)];
  const classification = most.kept.every((kept) => kept !== undefined);
  const accuracy = ({ kept }: Curve): number => kept.filter(Boolean).length / kept.length;
  return {
    kind: "curves",
    id: "road",
    title: `ROAD: ${title}`,
    x: { label: `${word} removed and imputed (%)`, min: 0, max: 100 },
    y: { label, ...(bounded ? { min: 0, max: 1 } : {}) },
    lines: [
      {
        id: "morf",
        label: "Most important first (MoRF)",
        x,
        y: most.values,
        style: "line",
        summary: { label: "mean", value: morf },
      },
      {
        id: "lerf",
        label: "Least important first (LeRF)",
        x,
        y: least.values,
        style: "line",
        summary: { label: "mean", value: lerf },
      },
    ],
    numbers: [
      {
        id: "morf_mean",
        label: "MoRF, mean",
        value: morf,
        help: "While the most important pixels are removed. Lower is better.",
      },
      {
        id: "lerf_mean",
        label: "LeRF, mean",
        value: lerf,
        help: "While the least important pixels are removed. Higher is better.",
      },
      {
        id: "road",
        label: "(LeRF − MoRF) / 2",
        value: (lerf - morf) / 2,
        help: "Both in one number. Higher is better; 0 means that the map carries no information.",
      },
      ...(classification
        ? [
            {
              id: "morf_accuracy",
              label: "MoRF, class unchanged",
              value: accuracy(most),
              help: "Fraction of the percentages at which the target is still the largest output. Lower is better. Its mean over a data set is Quantus's ROAD.",
            },
            {
              id: "lerf_accuracy",
              label: "LeRF, class unchanged",
              value: accuracy(least),
              help: "The same while the least important pixels are removed. Higher is better.",
            },
          ]
        : []),
    ],
    reading:
      "With a faithful map, removing the most important pixels lowers the target quickly, and removing the least important ones changes little: " +
      "the further apart the two curves, the better. Removed pixels are imputed from their neighbours, so the model sees no holes.",
    caption: `${percentages.length} percentages; noisy linear imputation`,
  };
}

function spaceOf({ input }: SampleContext, { size }: Features): [height: number, width: number] {
  if (size?.length === 2 && input.tokensOf === undefined) return [size[0], size[1]];
  if (size?.length === 1 && input.tokensOf === undefined) return [1, size[0]];
  throw new UsageError(
    `ROAD imputes removed pixels from their neighbours in an image; ${inputSaid(input)} is not an image.`,
    inputName(input),
    "Insertion and deletion work on any input.",
  );
}

function percentagesOf(text: string): number[] {
  const numbers = text.split(",").map(Number);
  const wrong = numbers.find((number) => !(number > 0 && number < 100));
  if (wrong !== undefined)
    throw new UsageError(
      `${wrong}% is not between 0 and 100.`,
      "percentages",
      "With all pixels removed, there is nothing to impute from.",
    );
  return numbers;
}

function noisy(
  planes: readonly Float32Array[],
  removed: Uint32Array,
  deviation: number,
  random: Random,
): Float32Array[] {
  if (deviation === 0) return [...planes];
  return planes.map((plane) => {
    const copy = plane.slice();
    for (const place of removed) copy[place] += deviation * random.normal();
    return copy;
  });
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
