import type { CurvesArtifact } from "../../../../src/protocol/artifacts.ts";
import { madeBy } from "../made.ts";
import type { KindStates } from "./kind-states.ts";

const deletion = madeBy("insertion-deletion", "curves");

export const curves: KindStates<CurvesArtifact> = {
  typical: deletion,
  one: () => ({
    ...deletion(),
    lines: deletion()
      .lines.slice(0, 1)
      .map((line) => ({ ...line, x: line.x.slice(0, 1), y: line.y.slice(0, 1) })),
  }),
  none: () => ({ ...deletion(), lines: [], numbers: [] }),
  more: { "a scatter": madeBy("infidelity", "curves"), "names along the axis": madeBy("randomisation", "curves") },
};
