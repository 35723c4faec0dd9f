/** What a model is fed: files become samples by recipes. Runs in Node. */
export { describeClasses } from "./classes.ts";
export { readBytes } from "./files.ts";
export { decodeNpy, decodeNpz } from "./npy.ts";
export { preview } from "./preview.ts";
export { completeRecipe, loadRecipe, parseRecipeFile, saveRecipe, validateRecipe, withOwnClasses } from "./recipe.ts";
export { guessRecipe } from "./guess.ts";
export { readSample } from "./sample.ts";
export type { Sample } from "./sample.ts";
export { checkNames, parseSampleSpecs, readSamples, readShared } from "./samples.ts";
export { specialToken, type SpecialToken } from "./text.ts";
