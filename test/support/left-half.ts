import { node, weight, writeSmallModel } from "./models.ts";

/** Writes a model that looks at the left half of an 8×8 input alone: logits [0.1 · its sum, 0]. Its path. */
export function writeLeftHalf(folder: string, name: string): string {
  return writeSmallModel(folder, name, {
    inputs: { x: ["float32", "N", 1, 8, 8] },
    outputs: ["y"],
    weights: [
      weight(
        "w",
        [64, 2],
        Array.from({ length: 128 }, (_, i) => (i % 2 === 0 && Math.floor(i / 2) % 8 < 4 ? 0.1 : 0)),
      ),
    ],
    nodes: [node("Flatten", ["x"], ["f"]), node("MatMul", ["f", "w"], ["y"])],
  });
}
