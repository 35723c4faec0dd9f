import { spatialAxes } from "../runtime/layout.ts";
import type { Artifact } from "../protocol/artifacts.ts";
import type { AttributionLooks } from "./pictures.ts";
import type { Context, LayerInfo } from "./technique.ts";

/** The picture of an attribution in a layer's shape: a heat map over the input where the layer has height and width, else its largest units as bars. */
export function layerPicture(context: Context, layer: LayerInfo, values: Float32Array, looks: AttributionLooks): Artifact {
  const axes = layer.layout && layer.layout.spatial.length <= 2 ? spatialAxes(layer.layout) : undefined;
  if (axes) return { kind: "heatmap", ...looks, values, dims: layer.dims, axes, ...(context.input.picture ? { over: context.input.picture } : {}), smooth: true };
  const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
  return {
    kind: "bars", ...looks, share: false, values, dims: layer.dims,
    items: order.slice(0, 50).map((index) => ({ label: `${layer.value}[${placeOf(index, layer.dims).join(", ")}]`, value: values[index], index })),
  };
}

/** A flat index as one per axis, without the batch's. */
function placeOf(index: number, dims: readonly number[]): number[] {
  const place: number[] = [];
  for (let axis = dims.length - 1; axis > 0; axis--) {
    place.unshift(index % dims[axis]);
    index = Math.floor(index / dims[axis]);
  }
  return place;
}
