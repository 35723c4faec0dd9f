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
import { besideRandom, randomGenerators, randomMap, randomMapCaption, randomMapParams } from "./random-map.ts";
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
 * Beside their means those of random maps, whose features are removed in a random order, and in the reverse of it.
 */
export function road(methods: readonly SampleTechnique[]): SampleTechnique {
  return technique({
    info: {
      id: "road",
      title: "ROAD",
      command: "Check by Removal and Imputation (ROAD)",
      group: "checks",
      summary:
        "Whether removing the most important pixels matters more than removing the least important ones; what is removed is imputed from its neighbours.",
      cite: "Rong, Leemann et al. 2022",
      needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
      passesFollowInput: true,
      params: [
        methodParam(methods.filter(isAttribution)),
        OPTIONS,
        PERCENTAGES,
        NOISE,
        SEED,
        MEASURE,
        ...randomMapParams(3),
      ],
    },
    async run(context) {
      const method = methodOf(context, methods.filter(isAttribution));
      const features = featuresOf(context);
      const [height, width] = spaceOf(context, features);
      const percentages = percentagesOf(context.params.percentages);
      const raw = await method.explain({}, within(context, 0, 0.3, method.title));
      const measured = await openMeasure(context, method.question(), context.params.measure);
      try {
        const planes = planesOf(features, context.input.values);
        const random = new Random(context.params.seed);
        const removing = async (ranked: Uint32Array, from: number, part: number, word: string): Promise<Curve> => {
          const copies: Float32Array[] = [];
          let guess = planes;
          for (const [i, percentage] of percentages.entries()) {
            context.signal.throwIfAborted();
            context.progress(from + part * (i / percentages.length), `${word}: ${percentage}% removed`);
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
        const maps = [raw, ...randomGenerators(context.params).map((generator) => randomMap(raw, generator))];
        const part = 0.7 / maps.length;
        const curves: Curves[] = [];
        for (const [which, map] of maps.entries()) {
          const order = descending(await importanceOf(context, features, method, map));
          const from = 0.3 + which * part;
          const label = which === 0 ? "" : `Random map ${which} of ${maps.length - 1}: `;
          curves.push({
            most: await removing(order, from, part / 2, `${label}most important first`),
            least: await removing(order.slice().reverse(), from + part / 2, part / 2, `${label}least important first`),
          });
        }
        const [{ most, least }] = curves;
        const artifact = artifactOf(context.params, method.title, features.word, percentages, measured, curves);
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

interface Curves {
  readonly most: Curve;
  readonly least: Curve;
}

function artifactOf(
  params: Parameters<typeof randomMapCaption>[0],
  title: string,
  word: string,
  percentages: readonly number[],
  { label, bounded }: { readonly label: string; readonly bounded: boolean },
  [own, ...random]: readonly Curves[],
): CurvesArtifact {
  const x = Float32Array.from(percentages);
  const { most, least } = own;
  const numbers = numbersOf(own);
  const { morf_mean: morf, lerf_mean: lerf } = numbers;
  const classification = most.kept.every((kept) => kept !== undefined);
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
    numbers: besideRandom(
      [
        {
          id: "morf_mean",
          label: "MoRF, mean",
          value: morf,
          help: "While the most important pixels are removed. Lower is better.",
          better: "lower",
        },
        {
          id: "lerf_mean",
          label: "LeRF, mean",
          value: lerf,
          help: "While the least important pixels are removed. Higher is better.",
          better: "higher",
        },
        {
          id: "road",
          label: "(LeRF − MoRF) / 2",
          value: numbers.road,
          help: "Both in one number. Higher is better; 0 means that the map carries no information.",
          better: "higher",
        },
        ...(classification
          ? [
              {
                id: "morf_accuracy",
                label: "MoRF, class unchanged",
                value: numbers.morf_accuracy,
                help: "Fraction of the percentages at which the target is still the largest output. Lower is better. Its mean over a data set is Quantus's ROAD.",
                better: "lower" as const,
              },
              {
                id: "lerf_accuracy",
                label: "LeRF, class unchanged",
                value: numbers.lerf_accuracy,
                help: "The same while the least important pixels are removed. Higher is better.",
                better: "higher" as const,
              },
            ]
          : []),
      ],
      random.map(numbersOf),
    ),
    reading:
      "With a faithful map, removing the most important pixels lowers the target quickly, and removing the least important ones changes little: " +
      "the further apart the two curves, the better. Removed pixels are imputed from their neighbours, so the model sees no holes.",
    caption: `${percentages.length} percentages; noisy linear imputation${randomMapCaption(params)}`,
  };
}

function numbersOf({
  most,
  least,
}: Curves): Readonly<Record<"morf_mean" | "lerf_mean" | "road" | "morf_accuracy" | "lerf_accuracy", number>> {
  const [morf, lerf] = [mean(most.values), mean(least.values)];
  const accuracy = ({ kept }: Curve): number => kept.filter(Boolean).length / kept.length;
  return {
    morf_mean: morf,
    lerf_mean: lerf,
    road: (lerf - morf) / 2,
    morf_accuracy: accuracy(most),
    lerf_accuracy: accuracy(least),
  };
}

/** Height and width of what is imputed. UsageError for an input that has none. */
export function spaceOf({ input }: SampleContext, { size }: Features): [height: number, width: number] {
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
