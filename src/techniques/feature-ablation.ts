import type { ParamSpec } from "../protocol/technique.ts";
import { ablate } from "./ablation.ts";
import { BASELINE, baselineOf } from "./baselines.ts";
import { SCORE } from "./params.ts";
import { inputAttribution } from "./pictures.ts";
import { technique } from "./technique.ts";

const GRID: ParamSpec = {
  type: "number", name: "grid", label: "Cell", default: 16, min: 1, max: 4096, step: 1, integer: true, unit: "px",
  help: "The size of the cells that are hidden one by one, along each axis of space, over all channels. A table row's columns are hidden singly.",
};

/** The fall of the score when a cell of a grid is hidden: raw in the input's shape, the same all over a cell. */
export const featureAblation = technique({
  info: {
    id: "feature-ablation", title: "Feature Ablation", command: "Visualize Feature Ablation", group: "perturbation",
    summary: "How far the score falls when one cell of a grid, or one column of a table row, is replaced by the baseline.",
    cite: "Kokhlikyan et al. 2020",
    needs: { target: true, layer: "none", gradient: false },
    params: [GRID, BASELINE, SCORE],
  },
  async run(context) {
    const { dims, layout } = context.input;
    const grid = Number(context.params.grid);
    const cell = dims.map((size, axis) => (axis === 0 ? size : layout ? (layout.spatial.includes(axis) ? Math.min(grid, size) : size) : 1));
    const values = await ablate(context, { window: cell, stride: cell }, await baselineOf(context));
    const artifact = inputAttribution(context, values, {
      id: "feature-ablation", title: "Feature Ablation", quantity: "y(x) − y(hidden)", signed: true,
      caption: layout ? `fall of the score, cells of ${layout.spatial.map((axis) => cell[axis]).join("×")}` : "fall of the score, one feature at a time",
    });
    return { raw: { dims, values }, artifacts: [artifact] };
  },
});
