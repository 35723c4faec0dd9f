import { blur } from "../../math/blur.ts";
import { descending } from "../../math/rank.ts";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import { BASELINE, baselineCaption, baselineOf } from "../framework/baselines.ts";
import { choiceParam } from "../framework/params.ts";
import { technique, type SampleContext, type SampleTechnique } from "../framework/technique.ts";
import { featuresOf, fromPlanes, importanceOf, planesOf, requireSeveral, type Features } from "./features.ts";
import { isAttribution, methodOf, methodParam, OPTIONS, within } from "./checked-method.ts";
import { besideRandom, randomGenerators, randomMap, randomMapCaption, randomMapParams } from "./random-map.ts";
import { MEASURE, openMeasure } from "./scores.ts";

const STEPS = {
  type: "number" as const,
  name: "steps",
  label: "Steps",
  default: 100,
  min: 2,
  max: 10_000,
  step: 10,
  integer: true,
  help: "Number of steps in which all pixels are removed or inserted. The paper's code uses 224 pixels per step: 224 steps for a 224×224 image.",
};

const START = choiceParam(
  "start",
  "Insert into",
  [
    ["blur", "The blurred input"],
    ["baseline", "The baseline"],
  ],
  "Where insertion starts: the blurred input (Gaussian kernel of 11 pixels, standard deviation 5), as in the paper, or the baseline.",
);

/**
 * The target's probability while the most important features are removed (deletion: set to the baseline) and while they
 * are put into a blurred input (insertion); raw is [2, steps + 1]: insertion, deletion. AUC as RISE's evaluation has
 * it, the mean of the trapezoids. Beside them the areas of random maps: features in a random order, at the
 * explanation's resolution.
 */
export function insertionDeletion(methods: readonly SampleTechnique[]): SampleTechnique {
  return technique({
    info: {
      id: "insertion-deletion",
      title: "Insertion & Deletion",
      command: "Check by Insertion and Deletion",
      group: "checks",
      summary:
        "Whether the probability drops quickly as the most important pixels are removed, and rises as they are inserted.",
      cite: "Petsiuk, Das & Saenko 2018",
      needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
      passesFollowInput: true,
      params: [
        methodParam(methods.filter(isAttribution)),
        OPTIONS,
        STEPS,
        START,
        BASELINE,
        MEASURE,
        ...randomMapParams(3),
      ],
    },
    async run(context) {
      const method = methodOf(context, methods.filter(isAttribution));
      const features = featuresOf(context);
      requireSeveral(context.input, features.count, "Insertion and deletion");
      const raw = await method.explain({}, within(context, 0, 0.3, method.title));
      const random = randomGenerators(context.params).map((generator) => randomMap(raw, generator));
      const baseline = await baselineOf(context);
      const measured = await openMeasure(context, method.question(), context.params.measure);
      try {
        const wanted = Math.min(context.params.steps, features.count);
        const size = Math.ceil(features.count / wanted);
        const steps = Math.ceil(features.count / size);
        const { values: input } = context.input;
        const blurred = startOf(context, features, baseline);
        const part = 0.7 / (1 + random.length);
        const curvesOf = async (map: typeof raw, from: number, label: string): Promise<Curves> => {
          const stepOf = new Int32Array(features.count);
          descending(await importanceOf(context, features, method, map)).forEach((feature, rank) => {
            stepOf[feature] = Math.floor(rank / size);
          });
          const follow = async (
            start: Float32Array,
            finish: Float32Array,
            at: number,
            word: string,
          ): Promise<Float32Array> => {
            const copy = (taken: number): Float32Array =>
              start.map((value, element) => (stepOf[features.of[element]] < taken ? finish[element] : value));
            const { values } = await measured.run(steps + 1, copy, (done) =>
              context.progress(at + (part / 2) * (done / (steps + 1)), `${label}${word}: step ${done} of ${steps}`),
            );
            return values;
          };
          return {
            insertion: await follow(blurred, input, from, "Insertion"),
            deletion: await follow(input, baseline, from + part / 2, "Deletion"),
          };
        };
        const own = await curvesOf(raw, 0.3, "");
        const { insertion, deletion } = own;
        const others: Curves[] = [];
        for (const map of random)
          others.push(
            await curvesOf(
              map,
              0.3 + (1 + others.length) * part,
              `Random map ${others.length + 1} of ${random.length}: `,
            ),
          );
        const x = Float32Array.from(
          { length: steps + 1 },
          (_, step) => (100 * Math.min(features.count, step * size)) / features.count,
        );
        const { insertion_auc: inserted, deletion_auc: deleted } = areasOf(own);
        const artifact: CurvesArtifact = {
          kind: "curves",
          id: "insertion-deletion",
          title: `Insertion and deletion: ${method.title}`,
          x: { label: `${features.word} removed or inserted, most important first (%)`, min: 0, max: 100 },
          y: { label: measured.label, ...(measured.bounded ? { min: 0, max: 1 } : {}) },
          lines: [
            {
              id: "insertion",
              label: "Insertion",
              x,
              y: insertion,
              style: "line",
              summary: { label: "AUC", value: inserted },
            },
            {
              id: "deletion",
              label: "Deletion",
              x,
              y: deletion,
              style: "line",
              summary: { label: "AUC", value: deleted },
            },
          ],
          numbers: besideRandom(
            [
              {
                id: "insertion_auc",
                label: "Insertion AUC",
                value: inserted,
                help: `Mean of the curve while ${features.word} are inserted. Higher is better.`,
                better: "higher",
              },
              {
                id: "deletion_auc",
                label: "Deletion AUC",
                value: deleted,
                help: `Mean of the curve while ${features.word} are removed. Lower is better.`,
                better: "lower",
              },
            ],
            others.map(areasOf),
          ),
          reading:
            `The better the map reflects what the model uses, the faster the insertion curve rises and the deletion curve falls. ` +
            "Compare methods on the same input only: the areas have no absolute scale, and removing pixels creates inputs unlike the training data.",
          caption: `${steps} steps of ${size} ${features.word}; removed: ${baselineCaption(context)}${randomMapCaption(context.params)}`,
        };
        return { raw: { dims: [2, steps + 1], values: Float32Array.of(...insertion, ...deletion) }, views: [artifact] };
      } finally {
        await measured.release();
      }
    },
  });
}

/** What insertion begins with. Columns and tokens have nothing to be blurred with. */
function startOf(context: SampleContext, features: Features, baseline: Float32Array): Float32Array {
  const { input, params } = context;
  const { size } = features;
  if (params.start === "baseline") return baseline;
  if (!size || size.length > 2 || input.tokensOf !== undefined) {
    context.note(`Insertion starts from the baseline, because ${features.word} cannot be blurred.`);
    return baseline;
  }
  const [height, width] = size.length === 2 ? size : [1, size[0]];
  return fromPlanes(
    features,
    planesOf(features, input.values).map((plane) => blur(plane, height, width)),
  );
}

interface Curves {
  readonly insertion: Float32Array;
  readonly deletion: Float32Array;
}

function areasOf({ insertion, deletion }: Curves): { insertion_auc: number; deletion_auc: number } {
  return { insertion_auc: areaUnder(insertion), deletion_auc: areaUnder(deletion) };
}

/** RISE's auc: (Σ − first/2 − last/2) / (n − 1). */
function areaUnder(values: Float32Array): number {
  const sum = values.reduce((total, value) => total + value, 0);
  return (sum - values[0] / 2 - values[values.length - 1] / 2) / (values.length - 1);
}
