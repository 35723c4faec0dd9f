import { layerOverCopies } from "./layer-picture.ts";
import { LRP_PARAMS, lrpCaption, noteTreatment, RELEVANCE, relevanceOf } from "../relevance/lrp.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { technique } from "../framework/technique.ts";

/**
 * The relevance of a value inside, by the rules of `lrp` from the score down to it; raw in the layer's shape (Captum's
 * LayerLRP of a layer's output).
 */
export const layerLrp = technique({
  info: {
    id: "layer-lrp",
    title: "Layer LRP",
    command: "Visualize Layer LRP",
    group: "layers",
    summary: "Redistributes the score layer by layer down to the units of one layer.",
    cite: "Bach et al. 2015; Montavon et al. 2019",
    needs: { input: "one", target: true, layer: "any", gradient: true },
    params: [...LRP_PARAMS, SCORE, ...NOISE],
  },
  async run(context) {
    const layer = await context.layer("any");
    const looks = {
      id: "layer-lrp",
      title: "Layer LRP",
      quantity: "R",
      caption: `${layer.node} · relevance by ${lrpCaption(context)}`,
    };
    const output = await layerOverCopies(context, layer, looks, RELEVANCE, (feeds) =>
      relevanceOf(context, layer.value, feeds),
    );
    await noteTreatment(context);
    return output;
  },
});
