import { UsageError } from "../../model/errors.ts";
import { readParam } from "../../protocol/params.ts";
import type { ParamsOf, ParamSpec, ParamValue, TechniqueInfo } from "../../protocol/technique.ts";

type BooleanSpec = Extract<ParamSpec, { type: "boolean" }>;
type ChoiceSpec = Extract<ParamSpec, { type: "choice" }>;

export function booleanParam<const Name extends string>(
  name: Name,
  label: string,
  fallback: boolean,
  help: string,
): BooleanSpec & { readonly name: Name } {
  return { type: "boolean", name, label, default: fallback, help };
}

/** A choice whose first option is the default. */
export function choiceParam<const Name extends string, const Value extends string>(
  name: Name,
  label: string,
  options: readonly (readonly [value: Value, label: string])[],
  help: string,
): ChoiceSpec & {
  readonly name: Name;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
} {
  return {
    type: "choice",
    name,
    label,
    default: options[0][0],
    options: options.map(([value, text]) => ({ value, label: text })),
    help,
  };
}

interface Range {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
  /** Of the form's arrows; 1 where it is left out. */
  readonly step?: number;
}

type NumberSpec = Extract<ParamSpec, { type: "number" }>;

export function numberParam<const Name extends string>(
  name: Name,
  label: string,
  range: Range,
  help: string,
): NumberSpec & { readonly name: Name } {
  return { type: "number", name, label, step: 1, ...range, integer: false, help };
}

export function wholeNumberParam<const Name extends string>(
  name: Name,
  label: string,
  range: Range,
  help: string,
): NumberSpec & { readonly name: Name } {
  return { ...numberParam(name, label, range, help), integer: true };
}

/** What random numbers begin with. */
export function seedParam(help: string): NumberSpec & { readonly name: "seed" } {
  return wholeNumberParam("seed", "Seed", { default: 0, min: 0, max: 2 ** 32 - 1 }, help);
}

/** Whether a graph's last Softmax, LogSoftmax or Sigmoid is left out of what is explained. */
export const SCORE = choiceParam(
  "score",
  "Score",
  [
    ["logit", "Logit"],
    ["output", "Output"],
    ["loss", "Loss"],
  ],
  "If the model ends in Softmax, LogSoftmax or Sigmoid: explain its input (logit) or its output. loss: the cross-entropy of the target.",
);

/** SmoothGrad's options (Smilkov et al. 2017; VarGrad: Adebayo et al. 2018), of every gradient method. */
export const NOISE = [
  wholeNumberParam(
    "samples",
    "Noise samples",
    { default: 0, min: 0, max: 1000 },
    "Number of noisy copies of the input to explain and average (SmoothGrad); 0 explains the input itself. 50 is a common choice.",
  ),
  {
    ...numberParam(
      "noise",
      "Noise level",
      { default: 0.15, min: 0, max: 10, step: 0.01 },
      "Standard deviation of the noise as a fraction of the input's max − min. The SmoothGrad paper recommends 0.1 to 0.2; Captum's default is a standard deviation of 1.",
    ),
    hiddenWhen: { param: "samples", is: 0 },
  },
  {
    ...choiceParam(
      "noise_type",
      "Noise kind",
      [
        ["smoothgrad", "Mean (SmoothGrad)"],
        ["smoothgrad_sq", "Mean of squares"],
        ["vargrad", "Variance (VarGrad)"],
      ],
      "How the results of the noisy copies are combined.",
    ),
    hiddenWhen: { param: "samples", is: 0 },
  },
  { ...seedParam("The same seed gives the same noise."), hiddenWhen: { param: "samples", is: 0 } },
] as const satisfies readonly ParamSpec[];

/** A class activation map without its negative part. */
export const RELU = booleanParam(
  "relu",
  "Positive only",
  true,
  "Keep only what supports the target (ReLU), as in the papers.",
);

/** How a transformer's tokens lie, of every method that makes a map of a layer. */
export const GRID = {
  type: "text",
  name: "grid",
  label: "Token grid",
  default: "auto",
  pattern: "auto|[1-9]\\d*(x[1-9]\\d*)*(\\+\\d+)?",
  problem: "auto, or ROWSxCOLUMNS+N for N tokens before the grid, such as 14x14+1.",
  help: "How a transformer's tokens are arranged. auto derives it from shapes; 14x14+1 means 14 rows of 14 tokens after one other token (the class token).",
} as const satisfies ParamSpec;

/** What methods that make a map of a layer may have. */
export type MapParams = Partial<ParamsOf<readonly [typeof RELU, typeof GRID, ...typeof NOISE]>>;

/**
 * Checks parameters that come from outside against a technique's own, and fills in defaults. UsageError names the
 * culprit.
 */
export function checkParams(info: TechniqueInfo, given: Readonly<Record<string, unknown>>): Record<string, ParamValue> {
  const known = new Map(info.params.map((spec) => [spec.name, spec]));
  for (const name of Object.keys(given)) {
    if (!known.has(name)) {
      throw new UsageError(
        `${info.title} has no parameter "${name}".`,
        name,
        known.size > 0 ? `Its parameters: ${[...known.keys()].join(", ")}.` : "It has none.",
      );
    }
  }
  return Object.fromEntries(
    info.params.map((spec) => [
      spec.name,
      Object.hasOwn(given, spec.name) ? checked(spec, given[spec.name]) : spec.default,
    ]),
  );
}

function checked(spec: ParamSpec, given: unknown): ParamValue {
  const read = readParam(spec, given);
  if ("problem" in read) throw new UsageError(read.problem, spec.name, read.hint);
  return read.value;
}
