import { hessianVector } from "../../runtime/hessian.ts";
import { floatsOf } from "../../runtime/ort.ts";
import { checkSlopes, layerMaps, positive, weightedFrames, type SpatialLayer } from "./gradient-cams.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { GRID, NOISE, RELU, SCORE } from "../framework/params.ts";
import { technique, type SampleContext } from "../framework/technique.ts";
import type { Feeds } from "../../runtime/ort.ts";

/**
 * ReLU(Σₖ wₖ Aᵏ) with wₖ the mean over space of g − ½ H A, g and H the score's gradient and Hessian by the layer's
 * activations: the Shapley values of the score's second-order expansion (equation 12 of the paper), as
 * pytorch-grad-cam's ShapleyCAM has them.
 */
export const shapleyCam = technique({
  info: {
    id: "shapley-cam",
    title: "Shapley-CAM",
    command: "Visualize Shapley-CAM",
    group: "cams",
    summary: "Grad-CAM with second derivatives: channel weights approximate Shapley values.",
    cite: "Cai 2025",
    needs: { input: "one", target: true, layer: "spatial", several: true, gradient: true },
    params: [RELU, SCORE, GRID, ...NOISE],
  },
  run: (context) =>
    layerMaps(context, { id: "shapley-cam", title: "Shapley-CAM", quantity: "Σₖ wₖAᵏ" }, (layer, draw) =>
      withNoise(context, async (feeds) => positive(context, await shapleyMap(context, layer, feeds)), draw),
    ),
});

async function shapleyMap(context: SampleContext, layer: SpatialLayer, feeds: Feeds): Promise<Float32Array> {
  const { value } = layer;
  const { gradients, values } = await context.gradients({ wrt: [value], fetch: [value] }, feeds);
  const gradient = gradients.get(value);
  if (!gradient) throw context.independent(value);
  const slopes = floatsOf(gradient);
  checkSlopes(context, slopes, value, feeds);
  const activations = floatsOf(values.get(value)!);
  const { value: of } = await context.score();
  context.progress(undefined, "Computing second derivatives");
  const product = await hessianVector(context.model, feeds, {
    of,
    seed: context.seed(),
    wrt: value,
    vector: activations,
  });
  const curved = product && floatsOf(product);
  if (!curved || curved.every((number) => number === 0)) {
    context.note(
      `The score is linear in "${value}" near this input (as pooling, dense layers and ReLU are), so Shapley-CAM equals Grad-CAM here.`,
    );
  }
  const shares = curved ? slopes.map((slope, i) => slope - 0.5 * curved[i]) : slopes;
  return weightedFrames(layer, activations, shares);
}
