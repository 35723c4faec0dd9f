import { wholeNumberParam, seedParam } from "../framework/params.ts";
import { spearman } from "../../math/rank.ts";
import { ssim } from "../../math/ssim.ts";
import { UsageError } from "../../model/errors.ts";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import type { ParamsOf, ParamSpec } from "../../protocol/technique.ts";
import { inputName } from "../framework/input-name.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { technique, type SampleContext, type SampleTechnique, type TechniqueOutput } from "../framework/technique.ts";
import { featuresOf, hasInputShape } from "./features.ts";
import { isAttribution, methodOf, methodParam, OPTIONS, within, type CheckedMethod } from "./checked-method.ts";
import { besideRandom, randomGenerators, randomMap, randomMapCaption, randomMapParams } from "./random-map.ts";
import { weightLayers, WeightDraws } from "./weight-layers.ts";

const PARAMS = [
  wholeNumberParam(
    "stops",
    "Stops",
    { default: 12, min: 0, max: 10_000 },
    "Number of times the map is computed while layers are randomised one after another, evenly spaced along the model. 0: after every layer, as in Quantus.",
  ),
  seedParam("The same seed gives the same weights."),
  ...randomMapParams(5),
] as const satisfies readonly ParamSpec[];

/**
 * The model-randomisation sanity check: layers lose their weights one after another, from the output on down, each
 * staying random, and the method's map is compared with that of the trained model. Raw is [similarities, stops + 1]:
 * Spearman's rank correlation of magnitudes, of signed values, SSIM of the map of magnitudes (left out where there is
 * no plane). As Quantus's MPRT (top-down), on magnitudes divided by the largest. Beside the
 * numbers those of random maps in place of the randomised models': how alike maps are that have nothing in common
 * (about 0). A map that ignores the model has 1.
 */
export function randomisation(methods: readonly SampleTechnique[]): SampleTechnique {
  return technique({
    info: {
      id: "randomisation",
      title: "Randomisation Check",
      command: "Check by Randomising the Model",
      group: "checks",
      summary:
        "Whether the map depends on the learned weights. Layers are randomised from the output down; a map that stays the same shows the input, not the model.",
      cite: "Adebayo et al. 2018",
      needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
      passesFollowInput: true,
      params: [methodParam(methods.filter(isAttribution)), OPTIONS, ...PARAMS],
    },
    async run(context) {
      const method = methodOf(context, methods.filter(isAttribution));
      const layers = await layersFromTheTop(context, method);
      const depths = depthsOf(layers.length, context.params.stops);
      const part = 1 / (depths.length + 1);
      const original = await method.explain({}, within(context, 0, part, method.title));
      const compare = await comparison(context, method, original);
      const seed = context.params.seed;
      const draws = new WeightDraws(seed);
      const similarities = [compare(original)];
      for (const [i, depth] of depths.entries()) {
        const label = `${depth} of ${layers.length} layers randomised`;
        context.progress((i + 1) * part, label);
        const model = context.model.derive(`randomised:${seed}:${depth}`, (whole) =>
          draws.randomised(whole, layers.slice(0, depth)),
        );
        similarities.push(compare(await method.explain({ model }, within(context, (i + 1) * part, part, label))));
        await yieldToEventLoop();
      }
      const names = ["as trained", ...depths.map((depth) => layers[depth - 1].name)];
      // One map takes the place of all randomised models' maps.
      const random = randomGenerators(context.params).map((generator) =>
        numbersOf([compare(randomMap(original, generator))]),
      );
      const artifact = artifactOf(context, method, original, similarities, names, layers.length, random);
      // Of the trained model's map with itself, only what has no meaning is not one.
      const rows = Number.isNaN(similarities[0][2]) ? [0, 1] : [0, 1, 2];
      const values = Float32Array.from(rows.flatMap((which) => similarities.map((one) => one[which])));
      return { raw: { dims: [rows.length, similarities.length], values }, views: [artifact] };
    },
  });
}

async function layersFromTheTop(
  context: SampleContext,
  method: CheckedMethod,
): Promise<ReturnType<typeof weightLayers>> {
  return requireWeights(context, (await method.question().score()).value).reverse();
}

/** The layers with weights that the score is computed from, in the graph's order. UsageError where there are none. */
export function requireWeights(
  { model, output }: Pick<SampleContext, "model" | "output">,
  score: string,
): ReturnType<typeof weightLayers> {
  const { graph } = model.model;
  const end = graph.nodes.some(({ outputs }) => outputs.includes(score)) ? score : output.value;
  const layers = weightLayers(graph, end);
  if (layers.length === 0)
    throw new UsageError(
      "The model has no layers with float weights that could be randomised.",
      output.name,
      "Quantised weights are not randomised. Check the float model it was made from.",
    );
  return layers;
}

/** After how many layers the map is looked at. */
function depthsOf(layers: number, stops: number): number[] {
  if (stops === 0 || stops >= layers) return Array.from({ length: layers }, (_, i) => i + 1);
  return Array.from({ length: stops }, (_, i) => Math.round(((i + 1) * layers) / stops));
}

/** Rank correlation of magnitudes, of signed values, and SSIM (NaN where there is no plane). */
type Similarity = readonly [magnitudes: number, signed: number, structure: number];

async function comparison(
  context: SampleContext,
  method: CheckedMethod,
  original: TechniqueOutput["raw"],
): Promise<(other: TechniqueOutput["raw"]) => Similarity> {
  const plane = planeOf(context, original);
  const magnitudes = (values: Float32Array): Float32Array => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    return values.map((value) => Math.abs(value) / largest);
  };
  const [own, ownPlane] = [magnitudes(original.values), plane?.(magnitudes(original.values))];
  return ({ dims, values }) => {
    if (values.length !== original.values.length) {
      throw new UsageError(
        `${method.title} has a result of shape [${dims.join(", ")}] for the randomised model, but [${original.dims.join(", ")}] for the trained one.`,
        inputName(context.input),
      );
    }
    const theirs = magnitudes(values);
    return [
      spearman(own, theirs),
      spearman(original.values, values),
      ownPlane && plane ? ssim(ownPlane.values, plane(theirs).values, ownPlane.height, ownPlane.width) : NaN,
    ];
  };
}

type Plane = (values: Float32Array) => { values: Float32Array; height: number; width: number };

/** A result as one picture: summed over channels, volumes in slices below one another. */
function planeOf(context: SampleContext, { dims }: TechniqueOutput["raw"]): Plane | undefined {
  if (hasInputShape(context, { dims, values: new Float32Array() })) {
    const features = featuresOf(context);
    const { size, count, of } = features;
    if (!size || size.length < 2 || features.word === "tokens") return undefined;
    const width = size[size.length - 1];
    return (values) => {
      const sums = new Float32Array(count);
      values.forEach((value, at) => {
        sums[of[at]] += value;
      });
      return { values: sums, height: count / width, width };
    };
  }
  if (dims.length !== 2) return undefined;
  return (values) => ({ values, height: dims[0], width: dims[1] });
}

const LINES: readonly { readonly id: string; readonly label: string }[] = [
  { id: "spearman_abs", label: "Rank correlation of magnitudes" },
  { id: "spearman", label: "Rank correlation with signs" },
  { id: "ssim", label: "SSIM of magnitudes" },
];

function artifactOf(
  context: SampleContext<ParamsOf<typeof PARAMS>>,
  method: CheckedMethod,
  original: TechniqueOutput["raw"],
  similarities: readonly Similarity[],
  names: readonly string[],
  count: number,
  random: readonly Numbers[],
): CurvesArtifact {
  const signed = original.values.some((value) => value < 0);
  const x = Float32Array.from(names, (_, i) => i);
  const lines = LINES.map(({ id, label }, which) => ({
    id,
    label,
    x,
    y: Float32Array.from(similarities, (one) => one[which]),
    style: "line" as const,
  })).filter(({ id, y }) => (signed || id !== "spearman") && y.some(Number.isFinite));
  const missing = lines.some(({ y }) => y.some((value) => !Number.isFinite(value)));
  if (missing)
    context.note("A gap in a line means that the randomised model's map was constant, so it has no correlation.");
  const own = numbersOf(similarities.slice(1));
  return {
    kind: "curves",
    id: "randomisation",
    title: `Randomisation: ${method.title}`,
    x: { label: "layers randomised, from the output down to", names },
    y: {
      label: "similarity to the trained model's map",
      max: 1.02,
      ...(signed ? {} : { min: Math.min(0, ...lines.flatMap(({ y }) => [...y].filter(Number.isFinite))) }),
    },
    lines: [
      ...lines,
      {
        id: "zero",
        label: "No similarity",
        x: Float32Array.of(0, Math.max(1, names.length - 1)),
        y: Float32Array.of(0, 0),
        style: "guide",
      },
    ],
    numbers: besideRandom(
      [
        {
          id: "last_correlation",
          label: "Magnitudes, all layers randomised",
          value: own.last_correlation,
          help: "Rank correlation of the magnitudes with all layers randomised (Quantus's return_last_correlation). Near 0 is a pass.",
        },
        {
          id: "average_correlation",
          label: "Magnitudes, mean over stops",
          value: own.average_correlation,
          help: "Mean over all stops. Lower means that the map changes sooner.",
        },
        ...(Number.isFinite(own.last_ssim)
          ? [
              {
                id: "last_ssim",
                label: "SSIM, all layers randomised",
                value: own.last_ssim,
                help: "Structural similarity with all layers randomised. Near 0 is a pass.",
              },
            ]
          : []),
      ],
      random,
    ),
    reading:
      "If the map depends on the learned weights, the curves fall towards 0 as layers are randomised. A map that stays near 1 shows edges of the input regardless of the model: " +
      "do not rely on it to explain this model. Random maps show how alike maps are that have nothing in common.",
    caption: `${count} layers with weights, seed ${context.params.seed}${randomMapCaption(context.params)}`,
  };
}

type Numbers = Readonly<Record<"last_correlation" | "average_correlation" | "last_ssim", number>>;

/** similarities: after each stop, the trained model's own left out. */
function numbersOf(similarities: readonly Similarity[]): Numbers {
  const magnitudes = similarities.map(([one]) => one).filter(Number.isFinite);
  const last = similarities[similarities.length - 1];
  return {
    last_correlation: last[0],
    average_correlation: magnitudes.reduce((a, b) => a + b, 0) / magnitudes.length,
    last_ssim: last[2],
  };
}
