import { spatialAxes } from "../../runtime/layout.ts";
import type { Artifact } from "../../protocol/artifacts.ts";
import { channelView } from "../framework/channels.ts";
import type { AttributionLooks } from "../framework/pictures.ts";
import { isSignal, linesOf } from "../framework/signals.ts";
import { largestUnits } from "../layers/layer-picture.ts";
import type { SampleContext, LayerInfo } from "../framework/technique.ts";

/**
 * The picture of an attribution in a layer's shape: a heat map over the input where the layer has height and width (a
 * transformer's tokens in their grid, without those apart from it), else its largest units as bars. /
 */
export function layerPicture(
  context: SampleContext,
  layer: LayerInfo,
  values: Float32Array,
  looks: AttributionLooks,
): Artifact {
  const { layout } = layer;
  const over = context.input.picture ? { over: context.input.picture } : {};
  if (layout?.tokens && layout.channel !== undefined) {
    const { channels, size, values: placed } = channelView(values, layer.dims, { ...layout, channel: layout.channel });
    if (size.length === 2)
      return {
        kind: "heatmap",
        ...looks,
        values: placed,
        dims: [1, channels, ...size],
        axes: { channel: 1, height: 2, width: 3 },
        ...over,
        smooth: true,
      };
  }
  const axes = layout && layout.spatial.length <= 2 ? spatialAxes(layout) : undefined;
  if (axes && isSignal(layout) && !context.input.picture)
    return linesOf(context, values, layer.dims, axes, looks, layer.value === context.input.name);
  if (axes) return { kind: "heatmap", ...looks, values, dims: layer.dims, axes, ...over, smooth: true };
  return largestUnits(layer, values, looks);
}
