import type { TableArtifact } from "../../../../src/protocol/artifacts.ts";
import type { KindStates } from "./kind-states.ts";

const layers = (rows: number): TableArtifact => ({
  kind: "table",
  id: "parameters",
  title: "Parameters",
  columns: [
    { name: "layer", type: "text", values: Array.from({ length: rows }, (_, i) => `/_blocks.${i}/_conv/Conv`) },
    { name: "parameters", type: "integer", values: Float64Array.from({ length: rows }, (_, i) => 864 * (i + 1) ** 3) },
    { name: "time", unit: "ms", type: "number", values: Float64Array.from({ length: rows }, (_, i) => 1.37 / (i + 1)) },
  ],
  caption: "Constants are counted where they are used.",
});

export const table: KindStates<TableArtifact> = {
  typical: () => layers(5),
  one: () => layers(1),
  none: () => layers(0),
  more: {
    "thousands of rows": () => layers(5000),
    "many columns": () => ({
      ...layers(0),
      columns: Array.from({ length: 14 }, (_, column) => ({
        name: `measured quantity ${column}`,
        type: "number",
        values: Float64Array.from({ length: 3 }, (_, row) => Math.sin(column + row) * 10 ** (column - 4)),
      })),
    }),
  },
};
