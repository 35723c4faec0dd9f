import { outputPicture } from "../output-picture.ts";
import { denseOutput } from "./dense.ts";
import type { Reader } from "./reader.ts";

/** An autoencoder's or generator's picture. */
export const image: Reader = {
  as: "image",
  problem({ output, input }) {
    const dense = denseOutput(output, input);
    if (!dense) return "it has no height and width over an input image";
    return dense.channels === 1 || dense.channels === 3 ? undefined : `it has ${dense.channels} channels, not 1 or 3`;
  },
  guess: ({ output: { meaning } }) =>
    meaning.kind === "image" ? { why: meaning.why, ...(meaning.assumed ? { assumed: true } : {}) } : undefined,
  views: (context) => [outputPicture(context)].filter((view) => view !== undefined),
};
