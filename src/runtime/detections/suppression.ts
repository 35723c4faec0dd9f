import type { Node } from "../../model/graph.ts";
import { formatNumber } from "../../protocol/format.ts";
import type { DetectionFacts, SuppressionSettings } from "./types.ts";

/**
 * Operators that select boxes inside a graph, by the ends of their names: ONNX's own, TensorRT's plugins, mmdeploy's.
 */
const SELECTING = /NonMaxSuppression|NMS(Rotated)?(_TRT)?$|BatchedNMS|EfficientNMS/;

/** Whether the graph suppresses overlapping boxes by itself. */
export function hasSuppression({ nodes }: Pick<DetectionFacts, "nodes">): boolean {
  return nodes.some(({ opType }) => SELECTING.test(opType));
}

/**
 * NonMaxSuppression's center_point_box: true where its boxes are centres and sizes, false where they are y0, x0, y1, x1
 * (ONNX opset 10).
 */
export function suppressesCentres({ nodes }: Pick<DetectionFacts, "nodes">): boolean {
  return nodes.some(
    ({ opType, attributes }) =>
      opType === "NonMaxSuppression" &&
      attributes.center_point_box?.type === "int" &&
      attributes.center_point_box.value === 1,
  );
}

/**
 * What the first operator that selects boxes is told: inputs of ONNX's NonMaxSuppression (opset 10) where they are
 * constants, attributes of TensorRT's and mmdeploy's. Undefined where there is none.
 */
export async function suppressionSettings(
  nodes: readonly Pick<Node, "opType" | "domain" | "attributes" | "inputs">[],
  readConstant: (name: string) => Promise<readonly number[] | undefined>,
): Promise<SuppressionSettings | undefined> {
  const node = nodes.find(({ opType }) => SELECTING.test(opType));
  if (!node) return undefined;
  const { opType, attributes, inputs } = node;
  const attribute = (...names: readonly string[]): number | undefined => {
    const found = names.map((name) => attributes[name]).find((one) => one?.type === "float" || one?.type === "int");
    return found && Number(found.value);
  };
  const input = async (place: number): Promise<number | undefined> => {
    const name = inputs[place];
    return name ? (await readConstant(name))?.[0] : undefined;
  };
  const isOnnx = opType === "NonMaxSuppression";
  const settings = {
    iou: isOnnx ? await input(3) : attribute("iou_threshold", "iouThreshold"),
    score: isOnnx ? await input(4) : attribute("score_threshold", "scoreThreshold"),
    perClass: isOnnx ? await input(2) : attribute("max_output_boxes_per_class"),
  };
  const known = Object.entries(settings).filter(([, value]) => value !== undefined && Number.isFinite(value));
  return { operator: opType, ...(Object.fromEntries(known) as Omit<SuppressionSettings, "operator">) };
}

/** "NonMaxSuppression, IoU over 0.5, score over 0.25, at most 100 boxes of each class". */
export function settingsText({ operator, iou, score, perClass }: SuppressionSettings): string {
  return [
    operator,
    ...(iou === undefined ? [] : [`drops an IoU over ${formatNumber(iou, 3)}`]),
    ...(score === undefined ? [] : [`keeps a score over ${formatNumber(score, 3)}`]),
    ...(perClass === undefined ? [] : [`keeps at most ${perClass} boxes of each class`]),
  ].join("; ");
}
