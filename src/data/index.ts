/** What a model is fed: files become samples by recipes. Runs in Node. */
export { readBytes } from "./files.ts";
export { decodeNpy, decodeNpz } from "./npy.ts";
export type { NpyArray } from "./npy.ts";
export { readPicture } from "./picture.ts";
export type { Picture } from "./picture.ts";
export { preview } from "./preview.ts";
export {
  completeRecipe,
  loadRecipe,
  parseRecipeFile,
  recipePath,
  saveRecipe,
  validateRecipe,
  withOwnClasses,
} from "./recipe.ts";
export { guessRecipe } from "./guess.ts";
export type { ReadConstant } from "./graph-front.ts";
export { readSample } from "./sample.ts";
export type { Sample, SampleInput } from "./sample.ts";
export { checkNames, parseInputSpecs, parseSampleSpecs, readSamples, readShared } from "./samples.ts";
export { specialToken, type SpecialToken } from "./text.ts";
export type { ElementType, TensorData } from "./tensor.ts";
export { convertElements, elementTypes, fromNumbers, toNumbers } from "./tensor.ts";
