import { firstComponent } from "../math/principal-component.ts";
import { floatsOf } from "../runtime/ort.ts";
import { channelView, type ChannelView } from "./channels.ts";
import { mapOutput, positive, spatialLayer } from "./gradient-cams.ts";
import { RELU } from "./params.ts";
import { technique } from "./technique.ts";

/** The first principal component of a layer's activations, places being the points and channels their coordinates: raw in the layer's size. */
export const eigenCam = technique({
  info: {
    id: "eigen-cam", title: "Eigen-CAM", command: "Visualize Eigen-CAM", group: "cam",
    summary: "What sets places of a layer apart the most, whatever the class: the first principal component of its activations.",
    cite: "Muhammad & Yeasin 2020",
    needs: { target: false, layer: "spatial", gradient: false },
    params: [RELU],
  },
  async run(context) {
    const layer = await spatialLayer(context);
    const value = (await context.model.forward(context.feeds, [layer.value])).get(layer.value)!;
    const activations = channelView(floatsOf(value), layer.dims, layer.layout);
    const map = principalMap(activations, activations);
    if (map.every((number) => number === 0)) context.note(`"${layer.value}" is the same at every place for this input, so nothing sets them apart.`);
    context.note("Eigen-CAM knows no class: the map is the same for every target.");
    return mapOutput(context, layer, { id: "eigen-cam", title: "Eigen-CAM", quantity: "first principal component of A" }, positive(context, map));
  },
});

/**
 * Each place's projection on the first principal component of `view`'s channels, centred. The sign, which a principal component leaves
 * open, is the one that correlates with the mean of the activations over the channels.
 */
export function principalMap(view: ChannelView, activations: ChannelView): Float32Array {
  const { channels, area } = view;
  const places = Float64Array.from({ length: area * channels }, (_, at) => view.values[(at % channels) * area + Math.floor(at / channels)]);
  const map = firstComponent(places, area, channels);
  const means = new Float64Array(area);
  for (let channel = 0, at = 0; channel < activations.channels; channel++) for (let i = 0; i < area; i++, at++) means[i] += activations.values[at];
  // The map is centred, so that this has the sign of the correlation.
  const agreement = map.reduce((sum, value, i) => sum + value * means[i], 0);
  return Float32Array.from(map, (value) => (agreement < 0 ? -value : value));
}
