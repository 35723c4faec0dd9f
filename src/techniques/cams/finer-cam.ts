import type { ParamsOf, ParamSpec } from "../../protocol/technique.ts";
import { UsageError } from "../../model/errors.ts";
import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import { checkSlopes, layerMaps, positive, weightedFrames, type SpatialLayer } from "./gradient-cams.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { GRID, NOISE, RELU, SCORE, numberParam, wholeNumberParam } from "../framework/params.ts";
import { classLabel } from "../framework/target.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

/** pytorch-grad-cam's, against comparisons that have no probability at all. */
const EPSILON = 1e-9;

const PARAMS = [
  numberParam(
    "alpha",
    "Strength",
    { default: 1, min: 0, max: 10, step: 0.1 },
    "Weight of the similar classes' scores, which are subtracted; 0 is Grad-CAM. The default is 1 in pytorch-grad-cam and 0.6 in the paper.",
  ),
  wholeNumberParam(
    "count",
    "Similar classes",
    { default: 3, min: 1, max: 1000 },
    "Number of classes to compare with: those whose scores are closest to the target's.",
  ),
  {
    type: "text",
    name: "classes",
    label: "Classes",
    default: "",
    pattern: "(\\d+(\\s*,\\s*\\d+)*)?",
    problem: "Class indices separated by commas, such as 281,282.",
    help: "Indices of the classes to compare with. Empty: the most similar ones.",
  },
  RELU,
  SCORE,
  GRID,
  ...NOISE,
] as const satisfies readonly ParamSpec[];

type Context = SampleContext<ParamsOf<typeof PARAMS>>;

/**
 * Grad-CAM of how much the target's score exceeds those of similar classes: Σ pᵢ(y − α yᵢ) / Σ pᵢ, pᵢ the softmax's
 * probabilities, which are differentiated, too (pytorch-grad-cam's FinerCAM). Raw in the layer's size, not scaled.
 */
export const finerCam = technique({
  info: {
    id: "finer-cam",
    title: "Finer-CAM",
    command: "Visualize Finer-CAM",
    group: "cams",
    summary:
      "What distinguishes the target from the classes most similar to it: Grad-CAM of the difference of their scores.",
    cite: "Zhang et al. 2025",
    needs: { input: "one", target: true, layer: "spatial", several: true, gradient: true },
    params: PARAMS,
  },
  run: (context) =>
    layerMaps(context, { id: "finer-cam", title: "Finer-CAM", quantity: "Σₖ αₖAᵏ" }, (layer, draw) =>
      withNoise(context, async (feeds) => positive(context, await finerMap(context, layer, feeds)), draw),
    ),
});

async function finerMap(context: Context, layer: SpatialLayer, feeds: Feeds): Promise<Float32Array> {
  const { value } = layer;
  const { value: of } = await context.score();
  const scores = floatsOf((await context.model.forward(feeds, [of])).get(of)!).slice(0, context.output.dims.at(-1));
  const classes = comparedClasses(context, scores);
  const slopes = comparisonSlopes(scores, context.target.index[0], classes, context.params.alpha);
  // The score's value may hold a batch: its first entry is explained.
  const seed = new Float32Array(context.seed().length);
  seed.set(slopes);
  const { gradients, values } = await context.gradients({ wrt: [value], fetch: [value], seed }, feeds);
  const gradient = gradients.get(value);
  if (!gradient) throw context.independent(value);
  checkSlopes(context, floatsOf(gradient), value, feeds);
  context.note(
    `Compared with ${classes.map((index) => classLabel(context.classes, context.output, index)).join(", ")}.`,
  );
  return weightedFrames(layer, floatsOf(values.get(value)!), floatsOf(gradient));
}

/** Classes asked for, or those whose scores are nearest to the target's. UsageError where scores are no classes. */
function comparedClasses(context: Context, scores: Float32Array): number[] {
  const { output, target, params } = context;
  if (output.dims.length > 2 || scores.length < 2 || target.region || params.score === "loss") {
    throw new UsageError(
      `Finer-CAM compares one class with others: the output "${output.name}" [${output.dims.join(", ")}] ${scores.length < 2 ? "has no others" : "is not explained for a single class"}.`,
      output.name,
      "Grad-CAM can explain any output.",
    );
  }
  const [index] = target.index;
  if (target.against) return [target.against[0]];
  const asked = params.classes
    .split(",")
    .filter((text) => text.trim() !== "")
    .map(Number);
  const wrong = asked.find((one) => one >= scores.length || one === index);
  if (wrong !== undefined) {
    throw new UsageError(
      wrong === index
        ? `Class ${wrong} is the target itself.`
        : `There is no class ${wrong}: "${output.name}" has ${scores.length} classes, 0 to ${scores.length - 1}.`,
      "classes",
    );
  }
  if (asked.length > 0) return asked;
  const others = Array.from(scores.keys()).filter((one) => one !== index);
  return others
    .sort((a, b) => Math.abs(scores[a] - scores[index]) - Math.abs(scores[b] - scores[index]))
    .slice(0, params.count);
}

/** ∂/∂scores of Σᵢ pᵢ(y − α yᵢ) / (Σᵢ pᵢ + ε), i over `classes`, p the softmax of the scores. */
export function comparisonSlopes(
  scores: ArrayLike<number>,
  target: number,
  classes: readonly number[],
  alpha: number,
): Float32Array {
  const largest = Array.from(scores).reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  const probabilities = powers.map((power) => power / total);
  const shares = classes.reduce((sum, index) => sum + probabilities[index], 0);
  const differences = classes.map((index) => scores[target] - alpha * scores[index]);
  const above = classes.reduce((sum, index, i) => sum + probabilities[index] * differences[i], 0);
  const below = shares + EPSILON;
  const compared = new Map(classes.map((index, i) => [index, differences[i]]));
  return Float32Array.from(scores, (_, index) => {
    const p = probabilities[index];
    const difference = compared.get(index);
    const ofAbove =
      (difference === undefined ? 0 : p * difference - alpha * p) - p * above + (index === target ? shares : 0);
    const ofBelow = (difference === undefined ? 0 : p) - p * shares;
    return (ofAbove * below - above * ofBelow) / (below * below);
  });
}
