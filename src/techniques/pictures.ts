import { elementCount } from "../model/graph.ts";
import type { Artifact, BarsArtifact, HeatmapArtifact, TokensArtifact } from "../protocol/artifacts.ts";
import type { Layout } from "../runtime/layout.ts";
import { spatialAxes } from "../runtime/layout.ts";
import type { Context, InputInfo } from "./technique.ts";

/** So many columns of a table row are shown as bars, the strongest. */
export const MOST_BARS = 50;

export interface AttributionLooks {
  readonly id: string;
  readonly title: string;
  /** What a value is: "∂y/∂x". */
  readonly quantity: string;
  readonly signed: boolean;
  readonly caption: string;
}

/** The picture of an attribution in the shape of the input: a heat map over space, bars for a table row. */
export function inputAttribution(context: Context, values: Float32Array, looks: AttributionLooks): Artifact {
  const { input } = context;
  if (input.tokensOf !== undefined) return tokenAttribution(input, values, looks);
  if (input.axes) {
    if (input.layout?.spatial.length === 3) sayFlattened(context, input.dims[input.layout.spatial[0]], "the value of largest magnitude");
    const volume = input.layout && input.layout.spatial.length === 3 ? flattenDepth(values, input.dims, input.layout) : { values, dims: input.dims, axes: input.axes };
    return { kind: "heatmap", ...looks, ...volume, ...(input.picture ? { over: input.picture } : {}), smooth: false };
  }
  return featureBars(context, values, looks);
}

/** Of each token's vector the sum, or its length where there is no sign. */
export function tokenAttribution(input: Pick<InputInfo, "dims" | "labels">, values: Float32Array, looks: AttributionLooks): TokensArtifact {
  const width = input.dims[input.dims.length - 1] ?? 1;
  const amounts = Float32Array.from({ length: values.length / width }, (_, token) => {
    const vector = values.subarray(token * width, (token + 1) * width);
    return looks.signed ? vector.reduce((sum, value) => sum + value, 0) : Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  });
  return {
    kind: "tokens", ...looks, tokens: Array.from(amounts, (_, token) => input.labels?.[token] ?? String(token)), values: amounts, dims: [amounts.length],
    quantity: looks.signed ? `Σ ${looks.quantity}` : `‖${looks.quantity}‖`, caption: `${looks.caption}; ${looks.signed ? "sum over each token's vector" : "length over each token's vector"}`,
  };
}

/** A class activation map: values over a layer's space, which covers the whole input. */
export function activationMap(context: Context, map: Float32Array, size: readonly number[], looks: AttributionLooks): HeatmapArtifact {
  const dims = size.length === 1 ? [1, size[0]] : size.slice(-2);
  const depth = elementCount(size) / elementCount(dims);
  if (depth > 1) sayFlattened(context, depth, "the maximum");
  const flat = depth > 1 ? maximumOver(map, depth, elementCount(dims)) : map;
  return { kind: "heatmap", ...looks, values: flat, dims, axes: { height: 0, width: 1 }, ...(context.input.picture ? { over: context.input.picture } : {}), smooth: true };
}

/** A picture of a volume leaves most of it out. */
export function sayFlattened(context: Pick<Context, "note">, depth: number, what: string): void {
  if (depth > 1) context.note(`The picture shows a volume: at each place ${what} over its ${depth} slices. The numbers saved as .npy are those of all slices.`);
}

function featureBars(context: Context, values: Float32Array, looks: AttributionLooks): BarsArtifact {
  const { labels } = context.input;
  const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
  return {
    kind: "bars", id: looks.id, title: looks.title, quantity: looks.quantity, share: false, caption: looks.caption, values, dims: context.input.dims,
    items: order.slice(0, MOST_BARS).map((index) => ({ label: labels?.[index] ?? `${context.input.name}[${index}]`, value: values[index], index })),
  };
}

/** A volume as one picture: along its depth, the value of largest magnitude. */
export function flattenDepth(values: Float32Array, dims: readonly number[], layout: Layout): { values: Float32Array; dims: number[]; axes: HeatmapArtifact["axes"] } {
  const [depthAxis] = layout.spatial;
  const inner = elementCount(dims.slice(depthAxis + 1));
  const outer = elementCount(dims.slice(0, depthAxis));
  const depth = dims[depthAxis];
  const out = new Float32Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let d = 0; d < depth; d++) {
      for (let i = 0; i < inner; i++) {
        const value = values[(o * depth + d) * inner + i];
        if (Math.abs(value) > Math.abs(out[o * inner + i])) out[o * inner + i] = value;
      }
    }
  }
  const moved = (axis: number): number => (axis > depthAxis ? axis - 1 : axis);
  const flat: Layout = { channel: layout.channel === undefined ? undefined : moved(layout.channel), spatial: layout.spatial.slice(1).map(moved) };
  return { values: out, dims: dims.filter((_, axis) => axis !== depthAxis), axes: spatialAxes(flat)! };
}

function maximumOver(map: Float32Array, depth: number, size: number): Float32Array {
  const out = map.slice(0, size);
  for (let d = 1; d < depth; d++) for (let i = 0; i < size; i++) out[i] = Math.max(out[i], map[d * size + i]);
  return out;
}
