import type { BarsArtifact } from "../../../../src/protocol/artifacts.ts";
import { madeBy, stateFor } from "../made.ts";
import { bars as predictions } from "../../fake/results.ts";
import type { KindStates } from "./kind-states.ts";

/** What the columns of a table's row amount to. */
const columns = madeBy("features", "bars");

export const bars: KindStates<BarsArtifact> = {
  typical: columns,
  one: () => ({ ...columns(), items: columns().items.slice(0, 1), values: columns().values.slice(0, 1), dims: [1, 1] }),
  none: () => ({ ...columns(), items: [], values: new Float32Array(), dims: [1, 0] }),
  more: {
    "classes and their probabilities": () => predictions(stateFor("predictions")),
    "many columns": () => ({
      ...columns(),
      items: Array.from({ length: 60 }, (_, index) => ({
        index,
        label: `column ${index}`,
        value: Math.cos(index / 9),
      })),
      values: Float32Array.from({ length: 60 }, (_, index) => Math.cos(index / 9)),
      dims: [1, 60],
    }),
  },
};
