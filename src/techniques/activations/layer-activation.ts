import { floatsOf } from "../../runtime/ort.ts";
import { layerOf } from "../layers/layer-choice.ts";
import { layerPicture } from "../layers/layer-picture.ts";
import { technique } from "../framework/technique.ts";

/** A value inside as it is: raw in the layer's shape. */
export const layerActivation = technique({
  info: {
    id: "layer-activation",
    title: "Layer Activation",
    command: "Visualize Layer Activation",
    group: "activations",
    summary: "A layer's output for this input, independent of the target.",
    needs: { input: "one", target: false, layer: "any", gradient: false },
    inputs: "together",
    params: [],
  },
  async run(context) {
    const layer = await layerOf(context);
    const values = floatsOf((await context.model.forward(context.feeds, [layer.value])).get(layer.value)!);
    const artifact = layerPicture(context, layer, values, {
      id: "layer-activation",
      title: "Layer Activation",
      quantity: "a",
      signed: true,
      caption: layer.node,
    });
    return { raw: { dims: layer.dims, values }, views: [artifact] };
  },
});
