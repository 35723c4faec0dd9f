import { inputOverCopies } from "../framework/over-copies.ts";
import { inputGradient, inputOf } from "../framework/input-gradient.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { technique } from "../framework/technique.ts";

/**
 * x ⊙ ∂y/∂x: raw in the input's shape. On a network of Relu, MaxPool and linear layers without biases it sums to the
 * score.
 */
export const inputXGradient = technique({
  info: {
    id: "input-x-gradient",
    title: "Input × Gradient",
    command: "Visualize Input × Gradient",
    group: "gradients",
    summary: "Each input's contribution under a linear approximation of the model: the input times the gradient.",
    cite: "Shrikumar et al. 2016",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    params: [SCORE, ...NOISE],
  },
  async run(context) {
    const looks = {
      id: "input-x-gradient",
      title: "Input × Gradient",
      quantity: "x·∂y/∂x",
      caption: "input times gradient",
    };
    return inputOverCopies(context, looks, { by: "values" }, async (feeds) => {
      const gradient = await inputGradient(context, feeds);
      return inputOf(context, feeds).map((value, index) => value * gradient[index]);
    });
  },
});
