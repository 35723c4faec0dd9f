import type { ParamsOf } from "../../protocol/technique.ts";
import { Random } from "../../math/random.ts";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { BASELINE, baselineOf } from "../framework/baselines.ts";
import { formatNumber } from "../../protocol/format.ts";
import { requireContinuous } from "../framework/smoothgrad.ts";
import { choiceParam, numberParam, seedParam, wholeNumberParam } from "../framework/params.ts";
import { technique, type InputInfo, type SampleTechnique } from "../framework/technique.ts";
import { elementsOf, featuresOf, type Features } from "./features.ts";
import { isAttribution, methodOf, methodParam, OPTIONS, within } from "./checked-method.ts";
import { besideRandom, randomGenerators, randomMap, randomMapCaption, randomMapParams } from "./random-map.ts";
import { openMeasure } from "./scores.ts";

const PARAMS = [
  choiceParam(
    "perturbation",
    "Perturbation",
    [
      ["noise", "Noise"],
      ["remove", "Parts removed"],
    ],
    "noise: Gaussian noise on every element. remove: a box at a random position, over all channels, is set to the baseline; of columns or tokens, each with probability 1/2.",
  ),
  {
    ...numberParam(
      "noise",
      "Noise level",
      { default: 0.2, min: 1e-6, max: 10, step: 0.01 },
      "Standard deviation of the noise as a fraction of the input's max − min. The paper's code uses 0.2 on inputs from 0 to 1.",
    ),
    hiddenWhen: { param: "perturbation", is: "remove" },
  },
  {
    ...numberParam(
      "box",
      "Box",
      { default: 0.15, min: 0.001, max: 1, step: 0.05 },
      "Side of the box along each spatial axis, as a fraction of the axis.",
    ),
    hiddenWhen: { param: "perturbation", is: "noise" },
  },
  choiceParam(
    "multiply_by_inputs",
    "Times input",
    [
      ["auto", "As in the method"],
      ["true", "Yes"],
      ["false", "No"],
    ],
    "Whether the attributions are already multiplied by the input (its difference from the baseline), as multiply_by_inputs in Captum. Saliency, Guided Backprop and class activation maps are not.",
  ),
  BASELINE,
  wholeNumberParam(
    "samples",
    "Perturbations",
    { default: 50, min: 2, max: 100_000, step: 10 },
    "Number of perturbed inputs. Captum's default of 10 gives a noisy estimate.",
  ),
  seedParam("The same seed gives the same perturbations."),
  ...randomMapParams(10),
] as const satisfies readonly ParamSpec[];

/**
 * Methods whose values are gradients of a kind: not multiplied by the input. Maps of the CAM family and masks are not
 * either.
 */
const LOCAL: ReadonlySet<string> = new Set([
  "saliency",
  "guided-backprop",
  "deconvolution",
  "neuron-gradient",
  "neuron-guided-backprop",
  "guided-gradcam",
  "rise",
]);

/**
 * Infidelity: the mean over perturbations of (Σ attribution · perturbation − (f(x) − f(x̃)))². Raw is [samples, 2]:
 * what the attribution predicts, and what the score did. As Captum's infidelity, with the perturbation of its
 * infidelity_perturb_func_decorator: x − x̃, or (x − x̃) / (x − baseline) where the method's values are multiplied by
 * the input. Beside it that of random maps as large as the explanation, over the same perturbations.
 */
export function infidelity(methods: readonly SampleTechnique[]): SampleTechnique {
  return technique({
    info: {
      id: "infidelity",
      title: "Infidelity",
      command: "Check Infidelity",
      group: "checks",
      summary: "How well the map predicts score changes when the input is perturbed.",
      cite: "Yeh et al. 2019",
      needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
      passesFollowInput: true,
      params: [methodParam(methods.filter(isAttribution)), OPTIONS, ...PARAMS],
    },
    async run(context) {
      const { input, params } = context;
      const method = methodOf(context, methods.filter(isAttribution));
      const features = featuresOf(context);
      const samples = params.samples;
      const baseline = await baselineOf(context);
      const raw = await method.explain({}, within(context, 0, 0.4, method.title));
      // The explanation's own, then the random maps'.
      const attributions = await Promise.all(
        [raw, ...randomGenerators(params).map((generator) => randomMap(raw, generator))].map((map) =>
          elementsOf(context, features, method, map),
        ),
      );
      const local = method.technique.info.group === "cams" || LOCAL.has(method.technique.info.id);
      const multiplied = params.multiply_by_inputs === "auto" ? !local : params.multiply_by_inputs === "true";
      const measured = await openMeasure(context, method.question(), "score");
      try {
        const perturb = perturber(input, features, baseline, params);
        const predictions = attributions.map(() => new Float32Array(samples));
        // The last one is the input as it is.
        const { values: scores } = await measured.run(
          samples + 1,
          (index) => {
            if (index === samples) return input.values;
            const perturbed = perturb();
            attributions.forEach((attribution, which) => {
              predictions[which][index] = predictedFall(
                attribution,
                input.values,
                perturbed,
                multiplied ? baseline : undefined,
              );
            });
            return perturbed;
          },
          (done) => context.progress(0.4 + 0.6 * (done / samples), `Perturbation ${done} of ${samples}`),
        );
        const happened = scores.slice(0, samples).map((score) => scores[samples] - score);
        const [predicted] = predictions;
        const pairs = new Float32Array(2 * samples);
        for (let i = 0; i < samples; i++) pairs.set([predicted[i], happened[i]], 2 * i);
        const artifact = artifactOf(params, method.title, measured.label, predictions, happened, multiplied);
        return { raw: { dims: [samples, 2], values: pairs }, views: [artifact] };
      } finally {
        await measured.release();
      }
    },
  });
}

/** Makes one perturbed input after the other. */
function perturber(
  input: InputInfo,
  features: Features,
  baseline: Float32Array,
  params: ParamsOf<typeof PARAMS>,
): () => Float32Array {
  const random = new Random(params.seed);
  const { values, dims } = input;
  if (params.perturbation === "noise") {
    requireContinuous(input, "noise");
    const [low, high] = values.reduce(
      ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
      [Infinity, -Infinity],
    );
    const deviation = params.noise * (high - low || 1);
    return () => values.map((value) => value - deviation * random.normal());
  }
  const { size } = features;
  if (!size || features.word === "tokens" || dims.length < 3) {
    return () => {
      const removed = Uint8Array.from({ length: features.count }, () => (random.uniform() < 0.5 ? 1 : 0));
      return values.map((value, at) => (removed[features.of[at]] ? baseline[at] : value));
    };
  }
  const box = size.map((length) => Math.max(1, Math.round(params.box * length)));
  return () => {
    const start = size.map((length, axis) => random.integer(length - box[axis] + 1));
    return values.map((value, at) => {
      let rest = features.of[at];
      for (let axis = size.length - 1; axis >= 0; axis--) {
        const index = rest % size[axis];
        rest = Math.floor(rest / size[axis]);
        if (index < start[axis] || index >= start[axis] + box[axis]) return value;
      }
      return baseline[at];
    });
  };
}

/** Σ attribution · (x − x̃), or · (x − x̃) / (x − baseline), where a difference of zero counts as one. */
function predictedFall(
  attribution: Float32Array,
  input: Float32Array,
  perturbed: Float32Array,
  baseline: Float32Array | undefined,
): number {
  let sum = 0;
  for (let i = 0; i < attribution.length; i++) {
    const moved = input[i] - perturbed[i];
    sum += attribution[i] * (baseline ? moved / (input[i] - baseline[i] || 1) : moved);
  }
  return sum;
}

interface Numbers {
  readonly infidelity: number;
  readonly standard_error: number;
  readonly infidelity_normalized: number;
  readonly share_unexplained: number;
  /** By which the map predicts best. */
  readonly factor: number;
}

function numbersOf(predicted: Float32Array, happened: Float32Array): Numbers {
  const count = predicted.length;
  const errors = Array.from(predicted, (value, i) => (value - happened[i]) ** 2);
  const mean = errors.reduce((a, b) => a + b, 0) / count;
  const deviation = Math.sqrt(errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (count - 1) / count);
  // Captum's normalize=True: the attribution times the factor that fits best.
  const [squares, products, changes] = predicted.reduce(
    ([a, ab, b], value, i) => [a + value * value, ab + value * happened[i], b + happened[i] ** 2],
    [0, 0, 0],
  );
  const factor = squares > 0 ? products / squares : products;
  const normalized = (factor * factor * squares - 2 * factor * products + changes) / count;
  return {
    infidelity: mean,
    standard_error: deviation,
    infidelity_normalized: normalized,
    share_unexplained: changes > 0 ? (normalized * count) / changes : NaN,
    factor,
  };
}

function artifactOf(
  params: Parameters<typeof randomMapCaption>[0],
  title: string,
  label: string,
  [predicted, ...random]: readonly Float32Array[],
  happened: Float32Array,
  multiplied: boolean,
): CurvesArtifact {
  const own = numbersOf(predicted, happened);
  const order = Array.from(predicted.keys()).sort((a, b) => predicted[a] - predicted[b]);
  const ends = [...predicted, ...happened].filter(Number.isFinite);
  const [low, high] = [
    ends.reduce((a, b) => Math.min(a, b), Infinity),
    ends.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  return {
    kind: "curves",
    id: "infidelity",
    title: `Infidelity: ${title}`,
    x: { label: "score drop predicted by the map" },
    y: { label: `drop in the ${label}` },
    lines: [
      {
        id: "perturbations",
        label: "Each perturbation",
        x: Float32Array.from(order, (i) => predicted[i]),
        y: Float32Array.from(order, (i) => happened[i]),
        style: "points",
        summary: { label: "infidelity", value: own.infidelity },
      },
      {
        id: "faithful",
        label: "Exact prediction",
        x: Float32Array.of(low, high),
        y: Float32Array.of(low, high),
        style: "guide",
      },
    ],
    numbers: besideRandom(
      [
        {
          id: "infidelity",
          label: "Infidelity",
          value: own.infidelity,
          help: "Mean squared difference between the predicted and the actual score change, in squared score units. Lower is better.",
          better: "lower",
        },
        {
          id: "standard_error",
          label: "Standard error",
          value: own.standard_error,
          help: "Uncertainty of the infidelity from sampling the perturbations.",
        },
        {
          id: "infidelity_normalized",
          label: "Infidelity, scaled",
          value: own.infidelity_normalized,
          help: "Infidelity after multiplying the map by the best-fitting factor, for maps without a meaningful scale such as Grad-CAM (Captum's normalize=True). Lower is better.",
          better: "lower",
        },
        {
          id: "share_unexplained",
          label: "Unexplained fraction",
          value: own.share_unexplained,
          help: "Scaled infidelity as a fraction of the score's mean squared change: 0 means predicted exactly, 1 not at all.",
          better: "lower",
        },
      ],
      random.map((one) => ({ ...numbersOf(one, happened) })),
    ),
    reading:
      "Each dot is one perturbed input. On the diagonal, the map predicted the score change exactly. A shapeless cloud means that the map says little about how the model behaves near this input.",
    caption: `${predicted.length} perturbations; ${multiplied ? "values include the input's difference from the baseline" : "values are gradients"}; best factor ${formatNumber(own.factor)}${randomMapCaption(params)}`,
  };
}
