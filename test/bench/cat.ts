import { resolve } from "node:path";

/** What all attributions here are of: the sample's network, the cat as its input, "Egyptian cat". */
export const MODEL = resolve("samples/efficientnet-lite0.onnx");
export const INPUT = resolve("test/reference/efficientnet-cat/input.npy");
export const TARGET = 285;
