import { blur } from "../../math/blur.ts";
import { descending } from "../../math/rank.ts";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import { BASELINE, baselineCaption, baselineOf } from "../framework/baselines.ts";
import { choiceParam } from "../framework/params.ts";
import { technique, type SampleContext, type SampleTechnique } from "../framework/technique.ts";
import { featuresOf, fromPlanes, importanceOf, planesOf, requireSeveral, type Features } from "./features.ts";
import { isAttribution, methodOf, methodParam, OPTIONS, within } from "./checked-method.ts";
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
 * it, the mean of the trapezoids.
 */
export function insertionDeletion(methods: readonly SampleTechnique[]): SampleTechnique {
  return technique({
    info: {
      id: "insertion-deletion",
      title: "Insertion & Deletion",
      command: "Check by Insertion and Deletion",
      group: "checks",
      summary:
        "Removes the most important pixels step by step, and inserts them again. With a faithful map the probability drops, and rises, quickly.",
      cite: "Petsiuk, Das & Saenko 2018",
      needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
      passesFollowInput: true,
      params: [methodParam(methods.filter(isAttribution)), OPTIONS, STEPS, START, BASELINE, MEASURE],
    },
    async run(context) {
      const method = methodOf(context, methods.filter(isAttribution));
      const features = featuresOf(context);
      requireSeveral(context.input, features.count, "Insertion and deletion");
      const raw = await method.explain({}, within(context, 0, 0.3, method.title));
      const order = descending(await importanceOf(context, features, method, raw));
      const baseline = await baselineOf(context);
      const measured = await openMeasure(context, method.question(), context.params.measure);
      try {
        const wanted = Math.min(context.params.steps, features.count);
        const size = Math.ceil(features.count / wanted);
        const steps = Math.ceil(features.count / size);
        const stepOf = new Int32Array(features.count);
        order.forEach((feature, rank) => {
          stepOf[feature] = Math.floor(rank / size);
        });
        const { values: input } = context.input;
        const follow = async (
          start: Float32Array,
          finish: Float32Array,
          from: number,
          word: string,
        ): Promise<Float32Array> => {
          const copy = (taken: number): Float32Array =>
            start.map((value, at) => (stepOf[features.of[at]] < taken ? finish[at] : value));
          const { values } = await measured.run(steps + 1, copy, (done) =>
            context.progress(from + 0.35 * (done / (steps + 1)), `${word}: step ${done} of ${steps}`),
          );
          return values;
        };
        const insertion = await follow(startOf(context, features, baseline), input, 0.3, "Insertion");
        const deletion = await follow(input, baseline, 0.65, "Deletion");
        const x = Float32Array.from(
          { length: steps + 1 },
          (_, step) => (100 * Math.min(features.count, step * size)) / features.count,
        );
        const [inserted, deleted] = [areaUnder(insertion), areaUnder(deletion)];
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
          numbers: [
            {
              id: "insertion_auc",
              label: "Insertion AUC",
              value: inserted,
              help: `Mean of the curve while ${features.word} are inserted. Higher is better.`,
            },
            {
              id: "deletion_auc",
              label: "Deletion AUC",
              value: deleted,
              help: `Mean of the curve while ${features.word} are removed. Lower is better.`,
            },
          ],
          reading:
            `The better the map reflects what the model uses, the faster the insertion curve rises and the deletion curve falls. ` +
            "Compare methods on the same input only: the areas have no absolute scale, and removing pixels creates inputs unlike the training data.",
          caption: `${steps} steps of ${size} ${features.word}; removed: ${baselineCaption(context)}`,
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

/** RISE's auc: (Σ − first/2 − last/2) / (n − 1). */
function areaUnder(values: Float32Array): number {
  const sum = values.reduce((total, value) => total + value, 0);
  return (sum - values[0] / 2 - values[values.length - 1] / 2) / (values.length - 1);
}
