import { inputOverCopies } from "../framework/over-copies.ts";
import type { ParamsOf } from "../../protocol/technique.ts";
import type { NoiseParams } from "../framework/smoothgrad.ts";
import { neededFor } from "../../autodiff/differentiate.ts";
import { gradientRules } from "../../autodiff/rules/index.ts";
import { LRP_RULES, lrpRules } from "../../autodiff/rules/lrp/index.ts";
import { RelevanceGraph } from "../../autodiff/rules/lrp/graph.ts";
import type { Box } from "../../autodiff/rules/lrp/linear.ts";
import { NoGradientError, RuledOutError, UsageError } from "../../model/errors.ts";
import { elementCount } from "../../model/graph.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import { formatNumber } from "../../protocol/format.ts";
import { NOISE, SCORE, choiceParam, numberParam } from "../framework/params.ts";
import { technique, type ResultAbout, type SampleContext, type InputPart } from "../framework/technique.ts";

const NUMBERS = String.raw`(?:-?\d*\.?\d+(?:[eE][+-]?\d+)?(?:\s*,\s*-?\d*\.?\d+(?:[eE][+-]?\d+)?)*)?`;

function bound<const Name extends "low" | "high">(name: Name, label: string, what: string) {
  return {
    type: "text",
    name,
    label,
    default: "",
    shownFor: { param: "rule", values: ["zbox", "epsilon_gamma_box"] },
    pattern: NUMBERS,
    problem: "A number, or one per channel separated by commas, such as -2.1,-2,-1.8.",
    help: `For zbox and epsilon_gamma_box: the ${what} possible input value, in the model's input units (after scaling and normalisation), or one per channel separated by commas. Empty: the ${what} pixel value by the recipe, or for other inputs the ${what} value of this input.`,
  } as const satisfies ParamSpec;
}

/** The options of both LRP techniques. */
export const LRP_PARAMS = [
  choiceParam(
    "rule",
    "Rule",
    [
      ["epsilon", "Epsilon"],
      ["gamma", "Gamma"],
      ["alpha_beta", "Alpha-beta"],
      ["zplus", "Z-plus"],
      ["wsquare", "W-square, then z-plus"],
      ["flat", "Flat, then z-plus"],
      ["zbox", "Z-box, then z-plus"],
      ["epsilon_plus", "Epsilon-plus (composite)"],
      ["epsilon_plus_flat", "Epsilon-plus-flat (composite)"],
      ["epsilon_alpha2_beta1", "Epsilon-alpha2-beta1 (composite)"],
      ["epsilon_alpha2_beta1_flat", "Epsilon-alpha2-beta1-flat (composite)"],
      ["epsilon_gamma_box", "Epsilon-gamma-box (composite)"],
      ["excitation_backprop", "Excitation backprop"],
    ],
    "How layers with weights redistribute relevance. epsilon, gamma, alpha_beta, zplus: the same rule in all of them. wsquare, flat, zbox: in the first, z-plus in the others (deep Taylor decomposition). epsilon_plus: z-plus in convolutions, epsilon in dense layers; -alpha2_beta1: alpha 2, beta 1 in convolutions; -flat: flat in the first layer. epsilon_gamma_box: z-box in the first convolution, gamma in the others, epsilon in dense layers. excitation_backprop: z-plus everywhere.",
  ),
  {
    type: "number",
    name: "epsilon",
    label: "Epsilon",
    default: 1e-6,
    min: 0,
    max: 1000,
    step: 0.01,
    integer: false,
    shownFor: {
      param: "rule",
      values: [
        "epsilon",
        "epsilon_plus",
        "epsilon_plus_flat",
        "epsilon_alpha2_beta1",
        "epsilon_alpha2_beta1_flat",
        "epsilon_gamma_box",
      ],
    },
    help: "For the epsilon rule: added to a layer's output before dividing by it. Larger values absorb weak and contradictory contributions. zennit's default; Captum's is 1e-9.",
  },
  {
    ...numberParam(
      "gamma",
      "Gamma",
      { default: 0.25, min: 0, max: 1000, step: 0.05 },
      "For the gamma rule: how much positive contributions are strengthened. 0 is the epsilon rule; very large values approach z-plus.",
    ),
    shownFor: { param: "rule", values: ["gamma", "epsilon_gamma_box"] },
  },
  {
    ...numberParam(
      "alpha",
      "Alpha",
      { default: 2, min: 0, max: 1000, step: 0.5 },
      "For the alpha-beta rule: weight of positive contributions. Alpha − beta must be 1.",
    ),
    shownFor: { param: "rule", values: ["alpha_beta"] },
  },
  {
    ...numberParam(
      "beta",
      "Beta",
      { default: 1, min: 0, max: 1000, step: 0.5 },
      "For the alpha-beta rule: weight of negative contributions.",
    ),
    shownFor: { param: "rule", values: ["alpha_beta"] },
  },
  bound("low", "Lowest value", "lowest"),
  bound("high", "Highest value", "highest"),
] as const satisfies readonly ParamSpec[];

/**
 * Layer-wise relevance propagation: the target's score, redistributed layer by layer down to the input; raw in the
 * input's shape. Reference: zennit.
 */
export const lrp = technique({
  info: {
    id: "lrp",
    title: "Layer-wise Relevance Propagation",
    command: "Visualize Layer-wise Relevance Propagation (LRP)",
    group: "relevance",
    summary: "Redistributes the score layer by layer down to the input, conserving its total.",
    cite: "Bach et al. 2015; Montavon et al. 2019; Achtibat et al. 2024",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    params: [...LRP_PARAMS, SCORE, ...NOISE],
  },
  async run(context) {
    const looks = {
      id: "lrp",
      title: "Layer-wise Relevance Propagation",
      quantity: "R",
      caption: `relevance by ${lrpCaption(context)}`,
    };
    const output = await inputOverCopies(context, looks, RELEVANCE, (feeds) =>
      relevanceOf(context, context.input.name, feeds),
    );
    await noteTreatment(context);
    return output;
  },
});

/** What LRP is asked with. */
export type LrpContext = SampleContext<ParamsOf<typeof LRP_PARAMS>>;

export const RELEVANCE = { what: "The relevance" } as const satisfies ResultAbout;

/** "the gamma rule (γ 0.25)". */
export function lrpCaption({ params }: LrpContext): string {
  const rule = params.rule;
  const of: Readonly<Record<string, string>> = {
    epsilon: ` ${formatNumber(params.epsilon)}`,
    gamma: ` ${formatNumber(params.gamma)}`,
    alpha_beta: ` ${formatNumber(params.alpha)}, ${formatNumber(params.beta)}`,
  };
  return `${rule.replaceAll("_", "-")}${of[rule] ?? ""}`;
}

/** The relevance of a value; says what it sums to. UsageError where none reaches it. */
export async function relevanceOf(
  context: LrpContext & SampleContext<NoiseParams>,
  value: string,
  feeds: Feeds,
): Promise<Float32Array> {
  const rules = lrpRules(LRP_RULES[context.params.rule](options(context)));
  const { value: score } = await context.score();
  const { gradients, values } = await context
    .gradients({ wrt: [value], fetch: [score], rules }, feeds)
    .catch((error: unknown) => {
      throw explained(error);
    });
  const relevance = gradients.get(value);
  if (!relevance) {
    // Where the score does depend on it, all ways lead through gates and denominators, which count as fixed.
    const plain = await context.gradients({ wrt: [value] }, feeds);
    const used = value === context.input.name && (context.input.parts?.length ?? 1) > 1 ? "they are" : "it is";
    throw plain.gradients.get(value)
      ? new UsageError(
          `No relevance reaches "${value}": ${used} used only as a gate or a scale, which are treated as constants.`,
          value,
          "Choose another layer, or a gradient method.",
        )
      : context.independent(value);
  }
  const result = floatsOf(relevance);
  if (context.params.samples === 0) {
    const total = result.reduce((sum, part) => sum + part, 0);
    context.note(
      `Relevance sums to ${formatNumber(total)}, the score is ${formatNumber(context.scoreIn(floatsOf(values.get(score)!)))}; biases and stabilizers absorb the difference.`,
    );
  }
  return result;
}

function options(context: LrpContext): Parameters<(typeof LRP_RULES)[string]>[0] {
  const { rule, epsilon, gamma, alpha, beta } = context.params;
  if (rule === "alpha_beta" && Math.abs(alpha - beta - 1) > 1e-9) {
    throw new UsageError(
      `alpha − beta is ${formatNumber(alpha - beta)}; it must be 1, so that relevance is conserved.`,
      "alpha",
      "Common values are 2 and 1, or 1 and 0.",
    );
  }
  const box = rule === "zbox" || rule === "epsilon_gamma_box" ? boxOf(context) : { input: context.input.name };
  return { epsilon, gamma, alpha, beta, box };
}

/**
 * Where the input's values lie: as given, else the recipe's darkest and lightest pixel, else (undefined) the input's
 * own extremes.
 */
function boxOf(context: LrpContext): Box {
  const { name, dims, range, layout, parts } = context.input;
  if (parts) return jointBox(context, parts);
  const given = (param: "low" | "high"): number[] | undefined => {
    const text = context.params[param].trim();
    return text === "" ? undefined : text.split(",").map(Number);
  };
  const [low, high] = [given("low") ?? range?.low, given("high") ?? range?.high];
  const axis = range?.axis ?? layout?.channel ?? 1;
  for (const [param, numbers] of [
    ["low", low],
    ["high", high],
  ] as const) {
    if (numbers && numbers.length !== 1 && numbers.length !== dims[axis]) {
      throw new UsageError(
        `"${param}" has ${numbers.length} numbers, the input "${name}" [${dims.join(", ")}] has ${dims[axis]} channels.`,
        param,
        "Give one number, or one per channel.",
      );
    }
  }
  const own = [given("low") ? undefined : "lowest", given("high") ? undefined : "highest"]
    .filter((one) => one !== undefined)
    .join(" and ");
  if (own !== "")
    context.note(
      range
        ? `The ${own} values of the box rule are those of black and white pixels, by the recipe.`
        : `The ${own} values of the box rule are those of this input.`,
    );
  return { input: name, axis, ...(low ? { low } : {}), ...(high ? { high } : {}) };
}

/**
 * The box of several inputs: each one's own, by the recipe or its values, as one number for each element; numbers that
 * are given go for all.
 */
function jointBox(context: LrpContext, parts: readonly InputPart[]): Box {
  const { name, dims, values } = context.input;
  const total = dims[1];
  const end = (param: "low" | "high"): number[] => {
    const text = context.params[param].trim();
    const given = text === "" ? [] : text.split(",").map(Number);
    if (given.length > 1)
      throw new UsageError(
        `"${param}" has ${given.length} numbers, and ${parts.length} inputs are explained.`,
        param,
        "Give one number for all, or explain one input.",
      );
    if (given.length === 1) return new Array<number>(total).fill(given[0]);
    return parts.flatMap(({ shown, from, before }) => {
      const ends = shown.range?.[param];
      const inner = shown.range ? elementCount(shown.dims.slice(shown.range.axis + 1)) : 1;
      if (ends)
        return Array.from({ length: before - from }, (_, at) =>
          ends.length === 1 ? ends[0] : ends[Math.floor(at / inner) % ends.length],
        );
      const own = Array.from({ length: values.length / total }, (_, entry) =>
        values.subarray(entry * total + from, entry * total + before),
      );
      const extreme = own.reduce(
        (best, part) => part.reduce((a, b) => (param === "low" ? Math.min(a, b) : Math.max(a, b)), best),
        param === "low" ? Infinity : -Infinity,
      );
      return new Array<number>(before - from).fill(extreme);
    });
  };
  context.note(
    "The bounds of the box rule are set per input: black and white pixels by its recipe, else its lowest and highest value.",
  );
  return { input: name, axis: 1, low: end("low"), high: end("high") };
}

function explained(error: unknown): unknown {
  if (!(error instanceof NoGradientError) || !error.message.includes("no gradient rule")) return error;
  const { operator, node } = error;
  const message = `There is no LRP rule for ${operator}, at node "${node}".`;
  return Object.hasOwn(gradientRules, operator)
    ? new UsageError(
        message,
        node,
        "Its gradient is known: saliency, Integrated Gradients and DeepLIFT work on this model.",
      )
    : new RuledOutError(message, node, ["gradient"]);
}

/** What a person should know of how this model's operators were treated. */
export async function noteTreatment(context: SampleContext): Promise<void> {
  const { specialised } = await context.traced();
  const { value: of } = await context.score();
  const { g, forward: nodes, tainted, known } = specialised;
  const view = new RelevanceGraph({ g, nodes, tainted, of, known: (value) => g.known(value) ?? known(value) });
  const before = neededFor([of], nodes);
  if (before.some(({ opType }) => opType === "Softmax" || /Attention$/.test(opType))) {
    context.note(
      "Attention follows AttnLRP (Achtibat et al. 2024): a Taylor expansion of the softmax, relevance of products split evenly between the operands, standard deviations of normalizations treated as constants. The softmax rule does not conserve the sum.",
    );
  }
  const alone = before.filter(
    (node) => node.opType === "BatchNormalization" && !view.isTail(node) && view.isBehindLayer(node.inputs[0]),
  ).length;
  if (alone > 0)
    context.note(
      `${alone === 1 ? "One BatchNormalization follows" : `${alone} BatchNormalizations follow`} no weights to be merged into: handled as separate layers, with the epsilon rule.`,
    );
  const gated = before.some(({ opType, inputs: [a, b] }) => {
    if (opType !== "Mul" || a === b || !view.isData(a) || !view.isData(b)) return false;
    const [first, second] = view.gateRanks(a, b);
    return first !== second;
  });
  if (gated)
    context.note(
      "In products, the gate (a sigmoid, a scale, the inverse of a norm) is treated as a constant; the other factor gets all relevance.",
    );
  const box =
    context.params.rule === "epsilon_gamma_box" &&
    !before.some((node) => {
      const layer = view.layer(node);
      return layer?.kind === "convolution" && view.isFirst(layer);
    });
  if (box) context.note("The first layer is not a convolution, so the box rule is not used.");
}
