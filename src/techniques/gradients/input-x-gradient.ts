import { inputGradient, inputOf } from "../framework/input-gradient.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { inputOutput } from "../framework/pictures.ts";
import { isSigned, noiseCaption } from "../framework/smoothgrad.ts";
import { technique, type TechniqueOutput } from "../framework/technique.ts";

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
    const { name } = context.input;
    const draw = (soFar: Float32Array): TechniqueOutput =>
      inputOutput(context, soFar, {
        id: "input-x-gradient",
        title: "Input × Gradient",
        quantity: "x·∂y/∂x",
        signed: isSigned(context.params),
        caption: noiseCaption(context.params, "input times gradient"),
      });
    const values = await withNoise(
      context,
      async (feeds) => {
        const gradient = await inputGradient(context, feeds);
        return inputOf(context, feeds).map((value, index) => value * gradient[index]);
      },
      (soFar) => draw(soFar).views,
    );
    context.checkResult(values, name, { by: "values" });
    return draw(values);
  },
});
