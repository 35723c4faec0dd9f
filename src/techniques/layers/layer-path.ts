import type { Feeds } from "../../runtime/ort.ts";
import { BASELINE, baselineCaption, baselineOf } from "../framework/baselines.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import type { ParamsOf } from "../../protocol/technique.ts";
import type { LayerInfo, SampleContext, TechniqueOutput } from "../framework/technique.ts";
import { noteDelta, scoreDifference } from "../gradients/path-completeness.ts";
import { MEMORY, RULE, STEPS } from "../gradients/path-gradients.ts";
import { layerOf } from "./layer-choice.ts";
import { goesAround } from "./layer-cut.ts";
import { layerOverCopies } from "./layer-picture.ts";

/** What every attribution of a layer along the way from a baseline can be told. */
export const LAYER_PATH_PARAMS = [STEPS, RULE, BASELINE, SCORE, ...NOISE, MEMORY] as const;

type LayerPathContext = SampleContext<ParamsOf<typeof LAYER_PATH_PARAMS>>;

/** What a layer that is gone around cannot sum to. */
const GONE_AROUND = " Part of the score's difference bypasses this layer, so the sum need not equal it.";

/**
 * A layer's attribution along the way from the baseline: the mean over noisy copies, drawn in the layer's shape. Where
 * it is `complete`, its sum is held against the score's difference.
 */
export async function layerPath(
  context: LayerPathContext,
  about: { readonly id: string; readonly title: string; readonly quantity: string; readonly complete: boolean },
  attribute: (layer: LayerInfo, feeds: Feeds, baseline: Float32Array) => Promise<Float32Array>,
): Promise<TechniqueOutput> {
  const { complete, ...looks } = about;
  const layer = await layerOf(context);
  const baseline = await baselineOf(context);
  const way = `${layer.node} · ${context.params.steps} steps from ${baselineCaption(context)}`;
  const output = await layerOverCopies(
    context,
    layer,
    { ...looks, caption: way },
    complete ? { by: "differences" } : { what: "The mean gradient" },
    (feeds) => attribute(layer, feeds, baseline),
  );
  if (complete && context.params.samples === 0) {
    const around = (await goesAround(context, layer)) ? GONE_AROUND : "";
    noteDelta(context, output.raw.values, await scoreDifference(context, baseline), "score", around);
  }
  return output;
}
