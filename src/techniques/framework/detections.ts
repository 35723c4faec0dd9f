import { namesFromMetadata } from "../../data/classes.ts";
import { allNodes } from "../../model/graph.ts";
import type { BoxesArtifact, DetectedBox } from "../../protocol/artifacts.ts";
import { leastShownScore } from "../../protocol/boxes.ts";
import type { ValueDescription } from "../../protocol/model.ts";
import type { Params } from "../../protocol/technique.ts";
import {
  decodeDetections,
  type BoxSelection,
  type DetectionFacts,
  type Detections,
  type Undecided,
} from "../../runtime/detections/index.ts";
import { suppressionSettings } from "../../runtime/detections/suppression.ts";
import { floatsOf, numbersOf, type Feeds, type TensorValue } from "../../runtime/ort.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { ModelOutput } from "../../runtime/outputs.ts";
import { hasBatch, type OutputHints } from "./output.ts";
import type { SampleContext, InputInfo } from "./technique.ts";

/** How a person wants boxes selected, by the parameters of predictions; undefined for methods that have none of them. */
export function boxSelection({ min_score: least, iou }: Params): BoxSelection | undefined {
  if (typeof least !== "string" || typeof iou !== "number") return undefined;
  return { ...(least === "auto" ? {} : { score: Number(least) }), iou };
}

/**
 * What a detector found in a picture, by all of its outputs. Undefined where the outputs cannot be one's, which is seen
 * before the model runs once more for the outputs besides the chosen one.
 */
export async function findDetections(
  model: LoadedModel,
  feeds: Feeds,
  input: InputInfo,
  output: ModelOutput,
  hints: OutputHints,
  selection?: BoxSelection,
): Promise<Detections | Undecided | undefined> {
  const size = pictureSize(input);
  const kind = Object.hasOwn(hints.outputs, output.name) ? hints.outputs[output.name].kind : undefined;
  const tensors = model.description.outputs.filter(
    ({ type }) => !/^(string|seq|map|optional|complex|bool|sparse)/.test(type),
  );
  if (
    !size ||
    (kind !== undefined && kind !== "boxes") ||
    !(kind === "boxes" || (!coversPicture(output, size) && isPlausible(output, tensors)))
  )
    return undefined;
  const others = tensors.map(({ name }) => name).filter((name) => name !== output.value);
  const run = selection ? model.forwardKept.bind(model) : model.forward.bind(model);
  const values = others.length > 0 ? await run(feeds, others) : new Map<string, TensorValue>();
  const outputs = tensors.map(({ name, dims }): DetectionFacts["outputs"][number] => {
    if (name === output.value)
      return {
        name,
        dims: output.shape,
        values: output.values,
        integer: false,
        batched: output.shape.length === output.dims.length,
      };
    const tensor = values.get(name)!;
    return {
      name,
      dims: tensor.dims,
      values: floatsOf(tensor),
      integer: /^u?int/.test(tensor.dataType),
      batched: hasBatch(model, input, name, tensor.dims, dims?.[0]),
    };
  });
  const own = outputs
    .map(({ name }) => (Object.hasOwn(hints.outputs, name) ? hints.outputs[name].classes : undefined))
    .find((names) => names !== undefined);
  const classes =
    own ?? (hints.classes.length > 0 ? hints.classes : (namesFromMetadata(model.description.metadata)?.names ?? []));
  const nodes = allNodes(model.model.graph);
  const suppression = await suppressionSettings(nodes, model.readConstant);
  return decodeDetections({
    outputs,
    input: size,
    geometry: input.geometry,
    fedSize: fedSize(feeds),
    classes,
    metadata: model.description.metadata,
    nodes,
    ...(suppression ? { suppression } : {}),
    ...(selection ? { selection } : {}),
  });
}

/** The box whose class score a target is, listed or not. */
export function boxOfTarget(
  { boxes, boxAt, outputs }: Detections,
  output: string,
  index: readonly number[],
): DetectedBox | undefined {
  if (!outputs.includes(output)) return undefined;
  const target = index.join(",");
  return boxes.find((box) => box.output === output && box.target === target) ?? boxAt(output, target);
}

/** The input's height and width, where it is a picture of one to four channels. */
function pictureSize({ dims, axes, layout }: InputInfo): DetectionFacts["input"] | undefined {
  if (!axes || layout?.spatial.length !== 2 || (axes.channel !== undefined && dims[axes.channel] > 4)) return undefined;
  return { height: dims[axes.height], width: dims[axes.width] };
}

/** One value for each of the picture's pixels: [N, H, W] or [N, 1, H, W]. */
function coversPicture({ dims }: ModelOutput, { height, width }: DetectionFacts["input"]): boolean {
  const inner = dims.slice(1);
  return (
    inner.length >= 2 &&
    inner.slice(0, -2).every((size) => size === 1) &&
    inner.slice(-2).join() === `${height},${width}`
  );
}

/**
 * Lists of predictions have two axes over one; lists beside each other say with boxes' four or with rows' five to seven
 * columns what they are.
 */
function isPlausible({ dims }: ModelOutput, tensors: readonly ValueDescription[]): boolean {
  const inner = dims.slice(1);
  const map =
    inner.length >= 3 && inner[inner.length - 1] > 1 && inner[inner.length - 2] > 1 && inner[inner.length - 3] > 1;
  if (!map && inner.filter((size) => size > 1).length >= 2) return true;
  return (
    tensors.length > 1 &&
    tensors.some(({ dims: declared }) => {
      const last = declared?.[declared.length - 1];
      return (
        declared === undefined ||
        (declared.length >= 2 && declared.length <= 3 && (typeof last !== "number" || (last >= 4 && last <= 7)))
      );
    })
  );
}

/**
 * A picture's size that the model is told: RT-DETR's orig_target_sizes [width, height], YOLO v3's image_shape and
 * Paddle's im_shape [height, width].
 */
function fedSize(feeds: Feeds): DetectionFacts["fedSize"] {
  for (const [name, value] of Object.entries(feeds)) {
    const order = /target_sizes?$/i.test(name) ? "wh" : /^(image|im)_(shape|size)/i.test(name) ? "hw" : undefined;
    if (!order || value.dataType === "string" || value.data.length !== 2) continue;
    const [first, second] = numbersOf(value);
    if (first > 0 && second > 0)
      return order === "wh" ? { width: first, height: second } : { width: second, height: first };
  }
  return undefined;
}

/** Detections as what is drawn. */
export function boxesArtifact(
  { input }: Pick<SampleContext, "input">,
  { head, why, boxes, selection }: Detections,
): BoxesArtifact {
  const size = input.geometry ?? pictureSize(input)!;
  const values = new Float32Array(6 * boxes.length);
  boxes.forEach(({ x0, y0, x1, y1, score, classIndex }, index) =>
    values.set([x0, y0, x1, y1, score, classIndex], 6 * index),
  );
  const least = leastShownScore({ boxes, selection });
  const weak = boxes.filter(({ score }) => score < least).length;
  return {
    kind: "boxes",
    id: "boxes",
    title: "Detections",
    boxes,
    head,
    why,
    selection,
    width: size.width,
    height: size.height,
    values,
    dims: [boxes.length, 6],
    ...(input.geometry ? { geometry: input.geometry } : {}),
    ...(input.picture ? { over: input.picture } : {}),
    caption: `${boxes.length} ${boxes.length === 1 ? "box" : "boxes"}, read as ${head}${weak > 0 ? `; ${weak} with a score under ${least} are not drawn` : ""}`,
  };
}

/** What a person should know of how outputs became boxes. */
export function detectionNotes({ head, why, notes }: Detections): readonly string[] {
  return [`The outputs are read as ${head}: ${why}.`, ...notes];
}
