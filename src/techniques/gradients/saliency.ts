import { inputOverCopies } from "../framework/over-copies.ts";
import { floatsOf } from "../../runtime/ort.ts";
import { booleanParam, NOISE, SCORE } from "../framework/params.ts";
import { technique } from "../framework/technique.ts";

/** The gradient of the target's score with respect to the input: raw in the input's shape. */
export const saliency = technique({
  info: {
    id: "saliency",
    title: "Saliency",
    command: "Visualize Saliency",
    group: "gradients",
    summary:
      "Input pixels whose small changes affect the score most (the gradient of the score with respect to the input).",
    cite: "Simonyan, Vedaldi & Zisserman 2013",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    params: [
      booleanParam(
        "absolute",
        "Absolute",
        true,
        "Show the gradient's magnitude; otherwise its sign tells whether increasing the input raises or lowers the score.",
      ),
      SCORE,
      ...NOISE,
    ],
  },
  async run(context) {
    const absolute = context.params.absolute;
    const { name } = context.input;
    const looks = {
      id: "saliency",
      title: "Saliency",
      quantity: absolute ? "|∂y/∂x|" : "∂y/∂x",
      signed: !absolute,
      caption: absolute ? "magnitude of the gradient" : "gradient",
    };
    return inputOverCopies(context, looks, {}, async (feeds) => {
      const { gradients } = await context.gradients({ wrt: [name] }, feeds);
      const gradient = gradients.get(name);
      if (!gradient) throw context.independent(name);
      const raw = floatsOf(gradient);
      return absolute ? raw.map(Math.abs) : raw;
    });
  },
});
