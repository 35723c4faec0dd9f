import { gini, lorenz } from "../../math/gini.ts";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import { technique, type SampleTechnique, type TechniqueOutput } from "../framework/technique.ts";
import { isAttribution, methodOf, methodParam, OPTIONS } from "./checked-method.ts";
import { besideRandom, randomGenerators, randomMap, randomMapCaption, randomMapParams } from "./random-map.ts";

const POINTS = 200;

/**
 * The Gini index of a method's magnitudes, with their Lorenz curve; raw is [1]. As Quantus's Sparseness. Beside it that
 * of random maps (independent normal values: √2 − 1 = 0.414 for many of them). Neither direction is better.
 */
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
      params: [methodParam(methods.filter(isAttribution)), OPTIONS, ...randomMapParams(10)],
    },
    async run(context) {
      const method = methodOf(context, methods.filter(isAttribution));
      const raw = await method.explain({}, (fraction, text) => context.progress(fraction, text));
      const { dims, effects } = raw;
      const { x, y, count, ...own } = measured(raw);
      const percent = (shares: Float32Array): Float32Array => shares.map((share) => 100 * share);
      const random = randomGenerators(context.params).map((generator) => {
        const { gini, top_tenth } = measured(randomMap(raw, generator));
        return { gini, top_tenth };
      });
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
            summary: { label: "Gini", value: own.gini },
          },
          { id: "equal", label: "All equal", x: Float32Array.of(0, 100), y: Float32Array.of(0, 100), style: "guide" },
        ],
        numbers: besideRandom(
          [
            {
              id: "gini",
              label: "Gini index",
              value: own.gini,
              help: "Twice the area between the curve and the diagonal: 0 if all values are equal, near 1 if a few hold almost everything.",
            },
            {
              id: "top_tenth",
              label: "Share of the largest 10%",
              value: own.top_tenth,
              help: "Share of the total magnitude in the largest 10% of the values.",
            },
          ],
          random,
        ),
        reading:
          "The lower the curve, the fewer elements carry the explanation. A sparse map is easier to read but not necessarily faithful: compare with deletion or ROAD.",
        caption: `${count} ${effects ? `elements of [${dims.join(", ")}]` : `values [${dims.join(", ")}]`}${randomMapCaption(context.params)}`,
      };
      return { raw: { dims: [1], values: Float32Array.of(own.gini) }, views: [artifact] };
    },
  });
}

/** A map's numbers and its Lorenz curve: of the values, or of the parts' effects. */
function measured({ values: elements, effects }: TechniqueOutput["raw"]): {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly count: number;
  readonly gini: number;
  readonly top_tenth: number;
} {
  const values = effects?.parts ?? elements;
  const { x, y } = lorenz(values, POINTS);
  return { x, y, count: values.length, gini: gini(values), top_tenth: 1 - shareAt(x, y, 0.9) };
}

function shareAt(x: Float32Array, y: Float32Array, at: number): number {
  const after = Math.max(
    1,
    x.findIndex((value) => value >= at),
  );
  const part = (at - x[after - 1]) / (x[after] - x[after - 1]);
  return y[after - 1] + part * (y[after] - y[after - 1]);
}
