import type { DetectionFacts } from "./types.ts";

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
