import { expect, it } from "vitest";
import { NoGradientError, RuledOutError, UsageError } from "../../model/errors.ts";
import type { Obstacle } from "../../protocol/obstacles.ts";
import { techniques } from "../index.ts";
import { withOtherMethods } from "./other-methods.ts";

const catalogue = techniques.map(({ info }) => info);
const hintOf = (error: Error): string => (withOtherMethods(error, catalogue) as { hint: string }).hint;

it("an operator without a gradient leaves the methods that only run the model forward", () => {
  const hint = hintOf(new NoGradientError("SampleOp", "sample"));
  expect(hint).toMatch(/^Methods that only run the model forward still work, such as .*Predictions.*Occlusion/);
  // CAM, too, but only where the head is a pooling and a dense layer.
  expect(hint).not.toMatch(/Saliency| CAM,|Grad-CAM|DeepLIFT/);
});

it.each<[Obstacle, RegExp, RegExp]>([
  ["float input", /^Methods that begin at a later layer still work, such as Grad-CAM, Layer Grad/, /Saliency|Neuron/],
  ["spatial layer", /^Methods that need no such layer still work, such as Saliency/, /CAM/],
  ["forward runs that compare", /^Gradient methods still work, such as Saliency/, /Predictions|Occlusion|RISE/],
  [
    "baseline that compares",
    /^Choose another\. Gradient methods without a baseline still work, .*Saliency/,
    /DeepLIFT/,
  ],
])("%s: what still works has no need of them, and follows the error's own hint", (obstacle, said, notSaid) => {
  const own = obstacle === "baseline that compares" ? "Choose another." : undefined;
  const hint = hintOf(new RuledOutError("", "x", [obstacle], own));
  expect(hint).toMatch(said);
  expect(hint).not.toMatch(notSaid);
});

it("other errors stay as they are", () => {
  const error = new UsageError("There is no layer.", "layer", "Choose another.");
  expect(withOtherMethods(error, catalogue)).toBe(error);
  expect(error.hint).toBe("Choose another.");
});
