import type { Feeds } from "../../runtime/ort.ts";
import { inputOutput, type AttributionLooks } from "./pictures.ts";
import { isSigned, noiseCaption, withNoise, type NoiseParams } from "./smoothgrad.ts";
import type { ResultAbout, SampleContext, TechniqueOutput } from "./technique.ts";

/** What is said of an attribution: whether its sign means something (where left out, it does), and what it is. */
export type Looks = Omit<AttributionLooks, "signed"> & { readonly signed?: boolean };

type Attribute = (feeds: Feeds) => Promise<Float32Array>;

/**
 * An attribution in the input's shape, over noisy copies where those are asked for (see withNoise): drawn on the way,
 * checked, and drawn in the end. `about`: see checkResult.
 */
export function inputOverCopies(
  context: SampleContext<NoiseParams>,
  looks: Looks,
  about: ResultAbout,
  attribute: Attribute,
): Promise<TechniqueOutput> {
  const draw = (values: Float32Array): TechniqueOutput => inputOutput(context, values, ofCopies(context, looks));
  return overCopies(context, { value: context.input.name, about, draw }, attribute);
}

/** The same about another value, drawn in its own way. */
export async function overCopies(
  context: SampleContext<NoiseParams>,
  of: { readonly value: string; readonly about: ResultAbout; draw(values: Float32Array): TechniqueOutput },
  attribute: Attribute,
): Promise<TechniqueOutput> {
  const values = await withNoise(context, attribute, (soFar) => of.draw(soFar).views);
  context.checkResult(values, of.value, of.about);
  return of.draw(values);
}

/** What is said of it with the copies that a technique's parameters ask for. */
export function ofCopies({ params }: SampleContext<NoiseParams>, looks: Looks): AttributionLooks {
  return { ...looks, signed: looks.signed !== false && isSigned(params), caption: noiseCaption(params, looks.caption) };
}
