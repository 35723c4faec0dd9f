import { floatsOf } from "../../runtime/ort.ts";
import { withNoise } from "../framework/noise.ts";
import { booleanParam, NOISE, SCORE } from "../framework/params.ts";
import { inputOutput } from "../framework/pictures.ts";
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
    const absolute = context.params.absolute === true;
    const { name } = context.input;
    const values = await withNoise(context, async (feeds) => {
      const { gradients } = await context.gradients({ wrt: [name] }, feeds);
      const gradient = gradients.get(name);
      if (!gradient) throw context.independent(name);
      const raw = floatsOf(gradient);
      return absolute ? raw.map(Math.abs) : raw;
    });
    context.checkResult(values, name);
    const signed =
      !absolute && context.params.noise_type !== "smoothgrad_sq" && context.params.noise_type !== "vargrad";
    return inputOutput(context, values, {
      id: "saliency",
      title: "Saliency",
      quantity: absolute ? "|∂y/∂x|" : "∂y/∂x",
      signed: signed || (!absolute && Number(context.params.samples) === 0),
      caption: noiseCaption(context.params, absolute ? "magnitude of the gradient" : "gradient"),
    });
  },
});

/** "gradient", or "gradient, mean of 50 noisy copies". */
export function noiseCaption(params: Readonly<Record<string, unknown>>, what: string): string {
  const samples = Number(params.samples ?? 0);
  if (samples === 0) return what;
  const how =
    { smoothgrad: "mean", smoothgrad_sq: "mean of squares", vargrad: "variance" }[String(params.noise_type)] ?? "mean";
  return `${what}, ${how} of ${samples} noisy copies`;
}

/** Whether values below zero mean something: squares and variances of noisy copies have none. */
export function isSigned(params: Readonly<Record<string, unknown>>): boolean {
  return Number(params.samples ?? 0) === 0 || params.noise_type === "smoothgrad";
}
