import type { ParamsOf } from "../../protocol/technique.ts";
import { UsageError } from "../../model/errors.ts";
import { elementCount } from "../../model/graph.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import { layerOf } from "../layers/layer-choice.ts";
import { placeOf } from "../layers/layer-picture.ts";
import type { SampleContext, LayerInfo } from "../framework/technique.ts";

export const NEURON = {
  type: "text",
  name: "neuron",
  label: "Neuron",
  default: "auto",
  pattern: String.raw`\s*(?:auto|\d+(?:\s*,\s*\d+)*)\s*`,
  problem: "auto, or an index without the batch axis, such as 3,2,5.",
  help: "The element of the layer to explain: its index without the batch axis, such as 3,2,5 for channel 3, row 2, column 5. auto: the most active one.",
} as const satisfies ParamSpec;

/** One element of a layer. */
export interface Neuron {
  readonly layer: LayerInfo;
  /** The layer's value. */
  readonly value: string;
  /** Its place among the layer's elements, in batch entry 0. */
  readonly at: number;
  /** 1 at the neuron, in the layer's shape: a gradient that starts here is the neuron's. */
  readonly seed: Float32Array;
  /** "conv1[3, 2, 5]". */
  readonly label: string;
}

/** The neuron that the `neuron` parameter names, of the layer asked for; UsageError where the layer has none such. */
export async function neuronOf(context: SampleContext<ParamsOf<readonly [typeof NEURON]>>): Promise<Neuron> {
  const layer = await layerOf(context);
  const text = context.params.neuron.trim();
  const at = text === "auto" ? await mostActive(context, layer) : placeAt(layer, text.split(",").map(Number));
  const seed = new Float32Array(elementCount(layer.dims));
  seed[at] = 1;
  const index = placeOf(at, layer.dims).join(", ");
  if (text === "auto")
    context.note(`Neuron chosen automatically, the most active of "${layer.value}": ${index.replaceAll(" ", "")}.`);
  return { layer, value: layer.value, at, seed, label: `${layer.value}[${index}]` };
}

/** The neuron's activation for the feeds. */
export async function activationOf(context: SampleContext, { layer, at }: Neuron, feeds: Feeds): Promise<number> {
  return floatsOf((await context.model.forward(feeds, [layer.value])).get(layer.value)!)[at];
}

/** The error for a neuron that the input has no say in. */
export function independentNeuron({ label, layer }: Neuron): UsageError {
  return new UsageError(
    `"${label}" does not depend on the input, so there is nothing to show.`,
    layer.value,
    "Choose another layer.",
  );
}

async function mostActive({ model, feeds }: SampleContext, { value, dims }: LayerInfo): Promise<number> {
  const values = floatsOf((await model.forward(feeds, [value])).get(value)!);
  const count = elementCount(dims.slice(1));
  let best = 0;
  for (let i = 1; i < count; i++) if (values[i] > values[best]) best = i;
  return best;
}

function placeAt({ value, dims }: LayerInfo, index: readonly number[]): number {
  const inner = dims.slice(1);
  if (index.length !== inner.length) {
    throw new UsageError(
      `The neuron ${index.join(",")} has ${index.length} ${index.length === 1 ? "index" : "indices"}; the layer "${value}" [${dims.join(", ")}] needs ${inner.length}, without the batch axis.`,
      "neuron",
    );
  }
  inner.forEach((size, axis) => {
    if (index[axis] >= size)
      throw new UsageError(
        `The neuron ${index.join(",")} is out of range: the layer "${value}" has ${size} entries along axis ${axis + 1} (0 to ${size - 1}).`,
        "neuron",
      );
  });
  return inner.reduce((flat, size, axis) => flat * size + index[axis], 0);
}
