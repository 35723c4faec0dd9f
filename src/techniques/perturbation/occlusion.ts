import { UsageError } from "../../model/errors.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { ablate, boxes, throughPlaces, type Sliding } from "./ablation.ts";
import { BASELINE, baselineOf } from "../framework/baselines.ts";
import { inputSaid } from "../framework/input-name.ts";
import { integersOf } from "../framework/input-numbers.ts";
import { SCORE } from "../framework/params.ts";
import { partOutput } from "./part-picture.ts";
import { jointParts } from "./segments.ts";
import { technique, type InputInfo } from "../framework/technique.ts";

const SIZES = {
  type: "text" as const,
  default: "auto",
  pattern: String.raw`\s*(?:auto|[1-9]\d*(?:\s*,\s*[1-9]\d*)*)\s*`,
  problem: "auto, a whole number, or one per axis separated by commas, such as 3,15,15.",
};

const WINDOW = {
  ...SIZES,
  name: "window",
  label: "Window",
  help: "Size of the box: one number for all spatial axes (over all channels), or one per axis without the batch (3,15,15). auto: 15 of 224 pixels.",
} as const satisfies ParamSpec;

const STRIDE = {
  ...SIZES,
  name: "stride",
  label: "Stride",
  help: "Step by which the box moves, in the same form; at most its size. auto: about half the window. Captum's default of 1 runs the model for every pixel.",
} as const satisfies ParamSpec;

const LOOKS = { id: "occlusion", title: "Occlusion", quantity: "y(x) − y(hidden)", signed: true };

/**
 * The fall of the score when a sliding box is hidden: raw in the input's shape, the mean over the boxes that cover an
 * element.
 */
export const occlusion = technique({
  info: {
    id: "occlusion",
    title: "Occlusion",
    command: "Visualize Occlusion",
    group: "perturbation",
    summary: "How much the score drops when a box that slides over the input hides part of it.",
    cite: "Zeiler & Fergus 2014",
    needs: { input: "one", target: true, layer: "none", gradient: false },
    passesFollowInput: true,
    params: [WINDOW, STRIDE, BASELINE, SCORE],
  },
  async run(context) {
    const joint = jointParts(context.input);
    if (joint) {
      const { values, ...effects } = await ablate(context, joint, await baselineOf(context));
      return partOutput(
        context,
        joint,
        { values, ...effects },
        { ...LOOKS, caption: "score drop, one feature at a time" },
      );
    }
    const integers = integersOf(context.input);
    const { dims } = integers?.shown ?? context.input;
    const sliding = slidingOf(integers?.shown ?? context.input, context.params.window, context.params.stride);
    const boxesOfInput = boxes(dims, sliding, "Box");
    const parts = integers ? throughPlaces(boxesOfInput, integers.places) : boxesOfInput;
    const { values, ...effects } = await ablate(context, parts, await baselineOf(context));
    const from = context.input.layout?.spatial.includes(0) ? 0 : 1;
    const [window, stride] = [sliding.window.slice(from).join("×"), sliding.stride.slice(from).join("×")];
    return partOutput(
      context,
      parts,
      { values, ...effects },
      { ...LOOKS, caption: `score drop, box ${window}, stride ${stride}` },
    );
  },
});

/** Window and stride for every axis; UsageError where they do not fit the input. */
function slidingOf(input: InputInfo, windowText: string, strideText: string): Sliding {
  const { dims } = input;
  const moving = input.layout?.spatial ?? [dims.length - 1];
  const perAxis = (
    text: string,
    name: string,
    automatic: (axis: number) => number,
    still: (axis: number) => number,
  ): number[] => {
    const numbers = text.trim() === "auto" ? undefined : text.split(",").map(Number);
    if (numbers && numbers.length > 1 && numbers.length !== dims.length - 1) {
      throw new UsageError(
        `"${name}" has ${numbers.length} numbers; the input ${inputSaid(input)} has ${dims.length - 1} axes without the batch.`,
        name,
        "Give one number per axis, or one for all spatial axes.",
      );
    }
    return dims.map((size, axis) => {
      if (axis === 0 && dims.length > 1 && !moving.includes(0)) return size;
      if (numbers && axis > 0 && (numbers.length > 1 || (dims.length === 2 && !input.layout))) return numbers[axis - 1];
      // A frame is hidden by itself.
      if (axis === input.layout?.frames?.axis) return 1;
      return moving.includes(axis) ? (numbers?.[0] ?? automatic(axis)) : still(axis);
    });
  };
  const window = perAxis(
    windowText,
    "window",
    (axis) => Math.max(1, Math.round((dims[axis] * 15) / 224)),
    (axis) => dims[axis],
  );
  const stride = perAxis(
    strideText,
    "stride",
    (axis) => Math.max(1, Math.round((window[axis] * 8) / 15)),
    (axis) => window[axis],
  );
  for (let axis = dims.length > 1 ? 1 : 0; axis < dims.length; axis++) {
    if (window[axis] > dims[axis]) {
      throw new UsageError(
        `The window is ${window[axis]} along axis ${axis}, where the input ${inputSaid(input)} has ${dims[axis]}.`,
        "window",
        "Choose a smaller window.",
      );
    }
    if (stride[axis] > window[axis]) {
      throw new UsageError(
        `The stride is ${stride[axis]} along axis ${axis}, more than the window's ${window[axis]}: some elements would never be hidden.`,
        "stride",
        "Choose a stride no larger than the window.",
      );
    }
  }
  return { window, stride };
}
