import type { KeypointsArtifact } from "../../../../src/protocol/artifacts.ts";
import { figure } from "../../fake/outputs.ts";
import type { KindStates } from "./kind-states.ts";

const first = (count: number): KeypointsArtifact => {
  const all = figure().main;
  return {
    ...all,
    points: all.points.slice(0, count),
    skeleton: [],
    values: all.values.slice(0, 3 * count),
    dims: [count, 3],
    maps: all.maps.slice(0, count * all.height * all.width),
    caption: `${count} points`,
  };
};

export const keypoints: KindStates<KeypointsArtifact> = {
  typical: () => figure().main,
  one: () => first(1),
  none: () => first(0),
};
