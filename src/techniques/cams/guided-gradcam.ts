import { inputOverCopies } from "../framework/over-copies.ts";
import { guidedRules } from "../../autodiff/rules/gradient/modified.ts";
import { UsageError } from "../../model/errors.ts";
import { resizeLinear } from "../../math/resize-linear.ts";
import { resizeNearest } from "../../math/resize-nearest.ts";
import { spatialSize } from "../../runtime/layout.ts";
import type { Feeds } from "../../runtime/ort.ts";
import { mapSize, noteZeroMap, withoutNegative } from "./cam-layers.ts";
import { channelMeans, placesOf, stackedMaps, weightedSum } from "../framework/channels.ts";
import { inputFrames } from "../framework/frames.ts";
import { layerGradients, spatialLayer, type SpatialLayer } from "./gradient-cams.ts";
import { inputGradient } from "../framework/input-gradient.ts";
import { choiceParam, GRID, NOISE, SCORE } from "../framework/params.ts";
import { noteActivations } from "../gradients/rectifiers.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

/**
 * Guided backpropagation times Grad-CAM's map, brought to the input's size: raw in the input's shape, as Captum's
 * GuidedGradCam.
 */
export const guidedGradcam = technique({
  info: {
    id: "guided-gradcam",
    title: "Guided Grad-CAM",
    command: "Visualize Guided Grad-CAM",
    group: "cams",
    summary: "Guided Backprop within the regions that Grad-CAM marks: fine detail for one class.",
    cite: "Selvaraju et al. 2017",
    needs: { input: "one", target: true, layer: "spatial", gradient: true, ofInput: "gradient" },
    params: [
      choiceParam(
        "interpolation",
        "Interpolation",
        [
          ["nearest", "Nearest"],
          ["linear", "Linear"],
        ],
        "How the Grad-CAM map is resized to the input. Captum's default is nearest; the paper uses linear (bilinear).",
      ),
      SCORE,
      GRID,
      ...NOISE,
    ],
  },
  async run(context) {
    const layer = await spatialLayer(context);
    const { input } = context;
    const frames = inputFrames(context);
    const [from, to] = [
      mapSize(layer),
      input.layout ? [...(frames ? [frames.count] : []), ...spatialSize(input.layout, input.dims)] : [],
    ];
    if (!input.layout || from.length !== to.length || (layer.frames.count > 1 && from[0] !== to[0])) {
      throw new UsageError(
        `Guided Grad-CAM multiplies a layer's map with the input's gradient: "${input.name}" [${input.dims.join(", ")}] does not have the layer's spatial axes, ${from.join("×")}.`,
        input.name,
        "Grad-CAM and Guided Backprop work separately.",
      );
    }
    const resize = context.params.interpolation === "linear" ? resizeLinear : resizeNearest;
    const places = placesOf(input.dims, [...(frames ? [frames.axis] : []), ...input.layout.spatial]);
    const looks = {
      id: "guided-gradcam",
      title: "Guided Grad-CAM",
      quantity: "∂y/∂x, modified, × Grad-CAM",
      caption: `Grad-CAM of ${layer.node} · ${from.join("×")}`,
    };
    const output = await inputOverCopies(context, looks, { what: "The product" }, async (feeds) => {
      const map = resize(await positiveMap(context, layer, feeds), from, to);
      const guided = await inputGradient(context, feeds, guidedRules);
      return guided.map((value, at) => value * map[places[at]]);
    });
    await noteActivations(context, "Guided Grad-CAM");
    return output;
  },
});

async function positiveMap(context: SampleContext, layer: SpatialLayer, feeds: Feeds): Promise<Float32Array> {
  const { activations, gradients } = await layerGradients(context, layer, feeds);
  const map = withoutNegative(
    context,
    stackedMaps(activations.map((view, frame) => weightedSum(view, channelMeans(gradients[frame])))),
  );
  if (feeds === context.feeds) noteZeroMap(context, map, layer.value);
  return map;
}
