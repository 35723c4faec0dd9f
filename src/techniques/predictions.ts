import type { BarsArtifact } from "../protocol/artifacts.ts";
import { probabilities } from "../runtime/score.ts";
import { technique, type Context } from "./technique.ts";

/** What the model says: probabilities where the output is a classification, else its values as they are. */
export const predictions = technique({
  info: {
    id: "predictions", title: "Predictions", command: "Show Predictions", group: "prediction",
    summary: "What the model says for this input: its most probable classes.",
    needs: { target: false, layer: "none", gradient: false },
    params: [],
  },
  async run(context) {
    const artifact = await predictionBars(context, 20);
    return { raw: { dims: context.output.dims, values: artifact.values }, artifacts: [artifact] };
  },
});

/** The strongest entries of the chosen output, with class names. */
export async function predictionBars(context: Pick<Context, "output" | "classes" | "traced" | "note">, count: number): Promise<BarsArtifact> {
  const { name, dims, values } = context.output;
  const { graph } = await context.traced();
  const shares = probabilities(graph, name, dims, values);
  const shown = shares?.values ?? values;
  const perSample = shown.length / Math.max(1, dims[0] ?? 1);
  const order = Array.from({ length: perSample }, (_, index) => index).sort((a, b) => shown[b] - shown[a]).slice(0, count);
  return {
    kind: "bars", id: "predictions", title: "Predictions", share: shares !== undefined, quantity: shares ? "probability" : name,
    items: order.map((index) => ({ index, label: classLabel(context.classes, dims, index), value: shown[index] })),
    values: shown, dims, caption: shares ? shares.how : `largest values of ${name}`,
  };
}

/** A class's name, or its index: "3, 17, 20" in a dense output. */
export function classLabel(classes: readonly string[], dims: readonly number[], flat: number): string {
  if (dims.length <= 2) return classes[flat] ?? String(flat);
  const index: number[] = [];
  for (let axis = dims.length - 1, rest = flat; axis >= 1; axis--) {
    index.unshift(rest % dims[axis]);
    rest = Math.floor(rest / dims[axis]);
  }
  return index.join(", ");
}
