import { gini, lorenz } from "../../math/gini.ts";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import { technique, type SampleTechnique } from "../framework/technique.ts";
import { isAttribution, methodOf, methodParam, OPTIONS } from "./checked-method.ts";

const POINTS = 200;

/** The Gini index of a method's magnitudes, with their Lorenz curve; raw is [1]. As Quantus's Sparseness. */
export function sparseness(methods: readonly SampleTechnique[]): SampleTechnique {
  return technique({
    info: {
      id: "sparseness",
      title: "Sparseness",
      command: "Check Sparseness",
      group: "checks",
      summary: "Whether a few elements carry the explanation or many: the Gini index of the map's magnitudes.",
      cite: "Chalasani et al. 2020",
      needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
      passesFollowInput: true,
      params: [methodParam(methods.filter(isAttribution)), OPTIONS],
    },
    async run(context) {
      const method = methodOf(context, methods.filter(isAttribution));
      const {
        values: elements,
        dims,
        effects,
      } = await method.explain({}, (fraction, text) => context.progress(fraction, text));
      const values = effects?.parts ?? elements;
      const index = gini(values);
      const { x, y } = lorenz(values, POINTS);
      const percent = (shares: Float32Array): Float32Array => shares.map((share) => 100 * share);
      const tenth = 1 - shareAt(x, y, 0.9);
      const artifact: CurvesArtifact = {
        kind: "curves",
        id: "sparseness",
        title: `Sparseness: ${method.title}`,
        x: { label: "values, smallest magnitude first (%)", min: 0, max: 100 },
        y: { label: "share of the total magnitude (%)", min: 0, max: 100 },
        lines: [
          {
            id: "lorenz",
            label: "Lorenz curve",
            x: percent(x),
            y: percent(y),
            style: "line",
            summary: { label: "Gini", value: index },
          },
          { id: "equal", label: "All equal", x: Float32Array.of(0, 100), y: Float32Array.of(0, 100), style: "guide" },
        ],
        numbers: [
          {
            id: "gini",
            label: "Gini index",
            value: index,
            help: "Twice the area between the curve and the diagonal: 0 if all values are equal, near 1 if a few hold almost everything.",
          },
          {
            id: "top_tenth",
            label: "Share of the largest 10%",
            value: tenth,
            help: "Share of the total magnitude in the largest 10% of the values.",
          },
        ],
        reading:
          "The lower the curve, the fewer elements carry the explanation. A sparse map is easier to read but not necessarily faithful: compare with deletion or ROAD.",
        caption: effects
          ? `${values.length} elements of [${dims.join(", ")}]`
          : `${values.length} values [${dims.join(", ")}]`,
      };
      return { raw: { dims: [1], values: Float32Array.of(index) }, views: [artifact] };
    },
  });
}

function shareAt(x: Float32Array, y: Float32Array, at: number): number {
  const after = Math.max(
    1,
    x.findIndex((value) => value >= at),
  );
  const part = (at - x[after - 1]) / (x[after] - x[after - 1]);
  return y[after - 1] + part * (y[after] - y[after - 1]);
}
