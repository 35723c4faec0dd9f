import { BASELINE, baselineCaption, baselineOf } from "../framework/baselines.ts";
import { DEEPLIFT_RULE } from "../relevance/deeplift.ts";
import { deepLift, noteDelta, type Contributions } from "../relevance/deeplift-contributions.ts";
import { layerOverCopies } from "./layer-picture.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { technique } from "../framework/technique.ts";

/**
 * DeepLIFT's contributions of a value inside: multipliers times its difference from what it is for the baseline, raw in
 * the layer's shape (Captum's LayerDeepLift of a layer's output). They sum to the score's difference where every way
 * from input to score leads through the layer.
 */
export const layerDeeplift = technique({
  info: {
    id: "layer-deeplift",
    title: "Layer DeepLIFT",
    command: "Visualize Layer DeepLIFT",
    group: "layers",
    summary: "The score's difference from a baseline, distributed over the units of a layer.",
    cite: "Shrikumar, Greenside & Kundaje 2017",
    needs: { input: "one", target: true, layer: "any", gradient: true },
    params: [DEEPLIFT_RULE, BASELINE, SCORE, ...NOISE],
  },
  async run(context) {
    const layer = await context.layer("any");
    const baseline = await baselineOf(context);
    const looks = {
      id: "layer-deeplift",
      title: "Layer DeepLIFT",
      quantity: "m·(a−a′)",
      caption: `${layer.node} · differences from ${baselineCaption(context)}`,
    };
    let last: Contributions | undefined;
    const output = await layerOverCopies(
      context,
      layer,
      looks,
      { by: "differences" },
      async (feeds) => (last = await deepLift(context, feeds, baseline, layer.value)).values,
    );
    if (context.params.samples === 0) noteDelta(context, last!);
    return output;
  },
});
