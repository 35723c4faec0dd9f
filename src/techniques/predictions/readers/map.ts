import { probabilitiesOf } from "../../../runtime/outputs.ts";
import { denseOutput } from "./dense.ts";
import type { Reader } from "./reader.ts";

/** A value for each place: a depth, a saliency. */
export const map: Reader = {
  as: "map",
  problem({ output, input }) {
    return denseOutput(output, input) ? undefined : "it has no height and width over an input image";
  },
  guess({ output, input }) {
    if (output.meaning.kind !== "mask" && output.meaning.kind !== "regression") return undefined;
    const dense = denseOutput(output, input)!;
    return { why: `It has a value for each of ${dense.height}×${dense.width} places.`, assumed: true };
  },
  views({ output, input }) {
    const { source } = denseOutput(output, input)!;
    const probabilities = probabilitiesOf(output, output.values);
    const values = probabilities?.values ?? output.values;
    return [
      {
        kind: "heatmap",
        id: "output",
        title: `Output ${output.name}`,
        values,
        dims: source.dims,
        axes: source.axes,
        quantity: probabilities ? "probability" : output.name,
        signed: values.some((value) => value < 0),
        ...(input.picture ? { over: input.picture } : {}),
        smooth: false,
        caption: probabilities ? probabilities.how : "the model's own values",
      },
    ];
  },
};
