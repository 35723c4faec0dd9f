import type { Artifact, PartRow, TokensArtifact } from "../protocol/artifacts.ts";
import type { Ablated, Parts } from "./ablation.ts";
import { inputAttribution, MOST_BARS, type AttributionLooks } from "./pictures.ts";
import type { Context, InputInfo } from "./technique.ts";

/** The picture of parts' effects: every element, token and bar shows what its part does to the score, and a table has each part once. */
export function partAttribution(context: Context, parts: Parts, ablated: Ablated, looks: AttributionLooks): Artifact {
  const { input } = context;
  if (input.tokensOf !== undefined) return tokensOfParts(input, parts, ablated, looks);
  const picture = inputAttribution(context, ablated.values, looks);
  if (picture.kind === "heatmap") return { ...picture, parts: rowsOf(parts, ablated) };
  if (picture.kind !== "bars") return picture;
  const ordered = rowsOf(parts, ablated, (part) => columnsOf(input, parts.elements(part))).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return { ...picture, items: ordered.slice(0, MOST_BARS), parts: ordered };
}

/** Each token with the effect of its part; the mean, where parts divide its vector. */
function tokensOfParts(input: InputInfo, parts: Parts, ablated: Ablated, looks: AttributionLooks): TokensArtifact {
  const width = input.dims[input.dims.length - 1] ?? 1;
  const amounts = Float32Array.from({ length: ablated.values.length / width }, (_, token) => mean(ablated.values.subarray(token * width, (token + 1) * width)));
  const single = parts.count === amounts.length && amounts.every((_, part) => parts.elements(part).length === width && parts.elements(part)[0] === part * width);
  return {
    kind: "tokens", ...looks, tokens: Array.from(amounts, (_, token) => input.labels?.[token] ?? String(token)), values: amounts, dims: [amounts.length],
    ...(single ? {} : { parts: rowsOf(parts, ablated) }),
  };
}

function rowsOf(parts: Parts, { parts: effects }: Ablated, label: (part: number) => string = (part) => parts.label(part)): PartRow[] {
  return Array.from(effects, (value, index) => ({ index, label: label(index), value }));
}

/** The names of a part's columns. */
function columnsOf({ labels, name }: InputInfo, elements: ArrayLike<number>): string {
  return Array.from(elements, (element) => labels?.[element] ?? `${name}[${element}]`).join(", ");
}

function mean(values: Float32Array): number {
  return values[0] === undefined || values.every((value) => value === values[0]) ? values[0] ?? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
