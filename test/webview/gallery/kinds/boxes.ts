import type { BoxesArtifact } from "../../../../src/protocol/artifacts.ts";
import { detections } from "../../fake/results.ts";
import type { KindStates } from "./kind-states.ts";

const first = (count: number): BoxesArtifact => {
  const all = detections();
  return {
    ...all,
    boxes: all.boxes.slice(0, count),
    values: all.values.slice(0, 6 * count),
    dims: [count, 6],
    caption: `${count}, read as YOLO v8`,
  };
};

export const boxes: KindStates<BoxesArtifact> = { typical: detections, one: () => first(1), none: () => first(0) };
