import { UsageError } from "../../model/errors.ts";
import { sigmoidComponent } from "../../math/kernel-component.ts";
import { stackedMaps, type ChannelView } from "../framework/channels.ts";
import { noteUnlike, placeMeans, withSign } from "./eigen-cam.ts";
import { layerActivations, layerMaps, positive } from "./gradient-cams.ts";
import { GRID, RELU } from "../framework/params.ts";
import { technique } from "../framework/technique.ts";

/** The kernel's matrix has a number for each pair of places: 164 MB at this many. */
const MOST_PLACES = 6400;

/**
 * The first component of kernel principal component analysis of a layer's activations, places being the points: raw in
 * the layer's size.
 */
export const kpcaCam = technique({
  info: {
    id: "kpca-cam",
    title: "KPCA-CAM",
    command: "Visualize KPCA-CAM",
    group: "cams",
    summary:
      "Eigen-CAM with kernel PCA (tanh kernel): the first nonlinear principal component of a layer's activations.",
    cite: "Karmani et al. 2024",
    needs: { input: "one", target: false, layer: "spatial", several: true, gradient: false },
    params: [RELU, GRID],
  },
  run: (context) =>
    layerMaps(
      context,
      { id: "kpca-cam", title: "KPCA-CAM", quantity: "first kernel principal component of A" },
      async (layer) => {
        const map = stackedMaps((await layerActivations(context, layer)).map((view) => kernelMap(layer.value, view)));
        noteUnlike(context, layer.value, map);
        context.note("KPCA-CAM does not depend on the class: the map is the same for every target.");
        return positive(context, map);
      },
    ),
});

function kernelMap(layer: string, activations: ChannelView): Float32Array {
  const { channels, area, size, values } = activations;
  if (area > MOST_PLACES) {
    throw new UsageError(
      `KPCA-CAM compares every pair of positions: "${layer}" has ${size.join("×")} = ${area} positions, and at most ${MOST_PLACES} are supported.`,
      layer,
      "Choose a later, coarser layer.",
    );
  }
  const means = Float64Array.from(
    { length: channels },
    (_, channel) => values.subarray(channel * area, (channel + 1) * area).reduce((sum, value) => sum + value, 0) / area,
  );
  const points = Float64Array.from(
    { length: area * channels },
    (_, at) => values[(at % channels) * area + Math.floor(at / channels)] - means[at % channels],
  );
  return withSign(sigmoidComponent(points, area, channels), placeMeans(activations));
}
