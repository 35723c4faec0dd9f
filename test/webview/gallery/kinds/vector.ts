import { vectorNumbers } from "../../../../src/draw/kinds/vector.ts";
import type { VectorArtifact } from "../../../../src/protocol/artifacts.ts";
import { features } from "../../fake/outputs.ts";
import type { KindStates } from "./kind-states.ts";

const of = (count: number): VectorArtifact => {
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i / 7) * Math.cos(i / 50));
  return {
    ...features().main,
    values,
    dims: [count],
    source: { output: "embedding", dims: [1, count] },
    ...vectorNumbers(values),
    caption: `${count} dimensions`,
  };
};

export const vector: KindStates<VectorArtifact> = {
  typical: () => features().main,
  one: () => of(1),
  none: () => of(0),
  more: { "4,096 dimensions": () => of(4096) },
};
