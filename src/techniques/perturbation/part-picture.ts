import type { Artifact, PartRow, TokensArtifact } from "../../protocol/artifacts.ts";
import type { Ablated, Parts } from "./ablation.ts";
import { integersOf, meansOverPlaces } from "../framework/input-numbers.ts";
import { aboutInput, inputAttribution, MOST_BARS, type AttributionLooks } from "../framework/pictures.ts";
import type { SampleContext, InputInfo, TechniqueOutput } from "../framework/technique.ts";

/**
 * Parts' effects: numbers in the input's shape, and a picture in which every element, token and bar shows what its part
 * does to the score; a table has each part once.
 */
export function partOutput(
  context: SampleContext,
  parts: Parts,
  { values, ...effects }: Ablated,
  looks: AttributionLooks,
): TechniqueOutput {
  const { input } = context;
  const raw = { dims: input.dims, values, effects };
  const integers = integersOf(input);
  if (!integers) return { raw, views: [pictureOf(context, parts, values, effects.parts, looks)] };
  const { shown, places } = integers;
  const own = meansOverPlaces(places, values, shown.values.length);
  const single =
    parts.count === own.length &&
    Array.from(own.keys()).every((integer) =>
      Array.from(parts.elements(integer)).every((element) => places[element] === integer),
    );
  const picture = inputAttribution(aboutInput(context, shown), own, looks);
  return {
    raw,
    inputs: [{ name: integers.input, dims: shown.dims, values: own }],
    views: [single ? picture : ({ ...picture, parts: rowsOf(parts, effects.parts) } as Artifact)],
  };
}

function pictureOf(
  context: SampleContext,
  parts: Parts,
  values: Float32Array,
  effects: Float32Array,
  looks: AttributionLooks,
): Artifact {
  const { input } = context;
  if (input.tokensOf !== undefined) return tokensOfParts(input, parts, values, effects, looks);
  const picture = inputAttribution(context, values, looks);
  if (picture.kind !== "bars") return { ...picture, parts: rowsOf(parts, effects) } as Artifact;
  const ordered = rowsOf(parts, effects, (part) => columnsOf(input, parts.elements(part))).sort(
    (a, b) => Math.abs(b.value) - Math.abs(a.value),
  );
  return { ...picture, items: ordered.slice(0, MOST_BARS), parts: ordered };
}

/** Each token with the effect of its part; the mean, where parts divide its vector. */
function tokensOfParts(
  input: InputInfo,
  parts: Parts,
  values: Float32Array,
  effects: Float32Array,
  looks: AttributionLooks,
): TokensArtifact {
  const width = input.discrete ? 1 : (input.dims[input.dims.length - 1] ?? 1);
  const amounts = Float32Array.from({ length: values.length / width }, (_, token) =>
    mean(values.subarray(token * width, (token + 1) * width)),
  );
  const single =
    parts.count === amounts.length &&
    amounts.every((_, part) => parts.elements(part).length === width && parts.elements(part)[0] === part * width);
  return {
    kind: "tokens",
    ...looks,
    tokens: Array.from(amounts, (_, token) => input.labels?.[token] ?? String(token)),
    values: amounts,
    dims: [amounts.length],
    ...(single ? {} : { parts: rowsOf(parts, effects) }),
  };
}

function rowsOf(
  parts: Parts,
  effects: Float32Array,
  label: (part: number) => string = (part) => parts.label(part),
): PartRow[] {
  return Array.from(effects, (value, index) => ({ index, label: label(index), value }));
}

/** The names of a part's columns. */
function columnsOf({ labels, name, of }: InputInfo, elements: ArrayLike<number>): string {
  return Array.from(elements, (element) => labels?.[element] ?? `${of ?? name}[${element}]`).join(", ");
}

function mean(values: Float32Array): number {
  return values[0] === undefined || values.every((value) => value === values[0])
    ? (values[0] ?? 0)
    : values.reduce((sum, value) => sum + value, 0) / values.length;
}
