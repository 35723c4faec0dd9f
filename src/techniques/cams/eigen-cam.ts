import { firstComponent } from "../../math/principal-component.ts";
import { stackedMaps, type ChannelView } from "../framework/channels.ts";
import { layerActivations, layerMaps, positive } from "./gradient-cams.ts";
import { GRID, RELU } from "../framework/params.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

/**
 * The first principal component of a layer's activations, places being the points and channels their coordinates: raw
 * in the layer's size.
 */
export const eigenCam = technique({
  info: {
    id: "eigen-cam",
    title: "Eigen-CAM",
    command: "Visualize Eigen-CAM",
    group: "cams",
    summary: "The first principal component of a layer's activations: where they vary most, independent of the class.",
    cite: "Muhammad & Yeasin 2020",
    needs: { input: "one", target: false, layer: "spatial", several: true, gradient: false },
    params: [RELU, GRID],
  },
  run: (context) =>
    layerMaps(
      context,
      { id: "eigen-cam", title: "Eigen-CAM", quantity: "first principal component of A" },
      async (layer) => {
        const activations = await layerActivations(context, layer);
        const map = stackedMaps(activations.map((view) => principalMap(view, view)));
        noteUnlike(context, layer.value, map);
        context.note("Eigen-CAM does not depend on the class: the map is the same for every target.");
        return positive(context, map);
      },
    ),
});

/** Says so where all places of a layer are the same. */
export function noteUnlike(context: SampleContext, value: string, map: Float32Array): void {
  if (map.every((number) => number === 0))
    context.note(`"${value}" has the same value at every position for this input, so it has no principal component.`);
}

/**
 * Each place's projection on the first principal component of `view`'s channels, centred. The sign, which a principal
 * component leaves open, is the one that correlates with the mean of the activations over the channels.
 */
export function principalMap(view: ChannelView, activations: ChannelView): Float32Array {
  const { channels, area } = view;
  const places = Float64Array.from(
    { length: area * channels },
    (_, at) => view.values[(at % channels) * area + Math.floor(at / channels)],
  );
  const map = firstComponent(places, area, channels);
  return withSign(map, placeMeans(activations));
}

/** The mean over the channels at each place. */
export function placeMeans({ channels, area, values }: ChannelView): Float64Array {
  const means = new Float64Array(area);
  for (let channel = 0, at = 0; channel < channels; channel++)
    for (let i = 0; i < area; i++, at++) means[i] += values[at] / channels;
  return means;
}

/**
 * The map, or its negative where that is what correlates with `means`. The map is centred, so that the product has the
 * correlation's sign.
 */
export function withSign(map: Float64Array, means: Float64Array): Float32Array {
  const agreement = map.reduce((sum, value, i) => sum + value * means[i], 0);
  return Float32Array.from(map, (value) => (agreement < 0 ? -value : value));
}
