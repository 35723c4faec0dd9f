import { inputOverCopies } from "../framework/over-copies.ts";
import { clipsFromZero, type NamedRules } from "../../autodiff/rules/gradient/modified.ts";
import { neededFor } from "../../autodiff/differentiate.ts";
import type { Node } from "../../model/graph.ts";
import { inputGradient } from "../framework/input-gradient.ts";
import { type NoiseParams } from "../framework/smoothgrad.ts";
import type { SampleContext, TechniqueOutput } from "../framework/technique.ts";
import { hasTrait } from "../../model/operators.ts";

/**
 * An attribution by rules that differ from the gradient's at rectifiers only: raw in the input's shape. Says what they
 * met.
 */
export async function rectifierAttribution(
  context: SampleContext<NoiseParams>,
  rules: NamedRules,
  looks: { id: string; title: string; caption: string },
): Promise<TechniqueOutput> {
  const modified = { ...looks, quantity: "∂y/∂x, modified" };
  const output = await inputOverCopies(context, modified, { what: "The modified gradient" }, (feeds) =>
    inputGradient(context, feeds, rules),
  );
  await noteActivations(context, looks.title);
  return output;
}

/** `of`: the value that is explained, where it is not the target's score. */
export async function noteActivations(context: SampleContext, title: string, of?: string): Promise<void> {
  const { specialised } = await context.traced();
  const value = of ?? (await context.score()).value;
  const minimumOf = (node: Node): readonly number[] | undefined =>
    node.inputs[1] ? (specialised.g.known(node.inputs[1]) ?? specialised.known(node.inputs[1])) : undefined;
  const kept = new Map<string, number>();
  let rectifiers = 0;
  for (const node of neededFor([value], specialised.forward)) {
    const { opType, attributes } = node;
    const fused = attributes.activation?.type === "string" ? attributes.activation.value : undefined;
    const activation = fused ?? opType;
    const lid =
      fused === "Clip" && attributes.activation_params?.type === "floats"
        ? attributes.activation_params.value.slice(0, 1)
        : minimumOf(node);
    if (activation === "Relu" || (activation === "Clip" && clipsFromZero(lid))) rectifiers++;
    else if (hasTrait(fused ?? node, "activation")) kept.set(activation, (kept.get(activation) ?? 0) + 1);
  }
  const others = [...kept].map(([opType, count]) => (count > 1 ? `${opType} (${count})` : opType)).join(", ");
  if (rectifiers === 0)
    context.note(
      `${title} changes how gradients pass through Relu and Clip with minimum 0; this model has none before the score, so this is the plain gradient.`,
    );
  else if (others)
    context.note(
      `${title} applies to Relu and Clip with minimum 0, ${rectifiers} here; other activations keep their gradient: ${others}.`,
    );
}
