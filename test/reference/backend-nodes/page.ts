import { gradientRules } from "../../../src/autodiff/rules/index.ts";
import { hasTrait } from "../../../src/model/operators.ts";

export interface CaseResult {
  readonly name: string;
  readonly operator: string;
  readonly outcome: "right" | "wrong" | "kink" | "random" | "no kernel" | "no reference";
  readonly reason: string;
  /** How many single derivatives were compared, and how many left out on a kink. */
  readonly derivatives: number;
  readonly kinks: number;
}

/** Outputs that do not change where they change at all, and outputs that are drawn: neither has a gradient to test. */
function isDifferentiable(operator: string): boolean {
  return !hasTrait(operator, "steps", "random", "gives-bool") && !["MelWeightMatrix", "EyeLike"].includes(operator);
}

/** The reason given where a kernel's output is not the standard's. */
export const OTHER_RESULT = "ONNX Runtime's result is not the standard's";

const REWRITTEN: Readonly<Record<string, string>> = {
  Upsample: "as Resize",
  Scatter: "as ScatterElements",
  If: "the branch taken",
  Loop: "unrolled",
  Scan: "unrolled",
  SequenceInsert: "followed",
  SequenceMap: "followed",
  SplitToSequence: "followed",
  OptionalGetElement: "followed",
};

/** docs/operators.md, and the share of ai.onnx's differentiable operators whose tested cases are all right. */
export function operatorsPage(results: readonly CaseResult[]): { text: string; share: number } {
  const byOperator = new Map<string, CaseResult[]>();
  for (const result of results) byOperator.set(result.operator, [...(byOperator.get(result.operator) ?? []), result]);
  const operators = [...byOperator]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([operator, list]) => ({
      operator,
      list,
      count: (outcome: CaseResult["outcome"]) => list.filter((one) => one.outcome === outcome).length,
    }));
  const denominator = operators.filter(({ operator }) => isDifferentiable(operator));
  const passes = denominator.filter(({ count }) => count("right") > 0 && count("wrong") === 0);
  const rest = denominator.filter((one) => !passes.includes(one));
  const share = denominator.length === 0 ? 0 : passes.length / denominator.length;
  const total = (outcome: CaseResult["outcome"]): number => results.filter((one) => one.outcome === outcome).length;
  const sum = (count: (result: CaseResult) => number): number =>
    results.reduce((all, result) => all + count(result), 0);
  const deviating = results.filter(({ outcome, reason }) => outcome === "no kernel" && reason === OTHER_RESULT);
  const row = ({ operator, count }: (typeof operators)[number]): string => {
    const rule = REWRITTEN[operator] ?? (Object.hasOwn(gradientRules, operator) ? "yes" : "none");
    const result = !isDifferentiable(operator)
      ? "zero or random"
      : count("wrong") > 0
        ? "wrong"
        : count("right") > 0
          ? "right"
          : "not tested";
    return `| ${operator} | ${rule} | ${count("right")} | ${count("wrong")} | ${count("kink")} | ${count("random")} | ${count("no kernel")} | ${count("no reference")} | ${result} |`;
  };
  const reasonOf = (list: readonly CaseResult[]): string => {
    // What is wrong, or what keeps most cases from being tested.
    const often = (outcome: CaseResult["outcome"]): number => list.filter((one) => one.outcome === outcome).length;
    const worst =
      list.find(({ outcome }) => outcome === "wrong") ??
      [...list].sort((a, b) => often(b.outcome) - often(a.outcome))[0];
    return `${worst.outcome}: ${worst.reason.replace(/\s+/g, " ").replace(/\|/g, "/").slice(0, 160)}`;
  };
  const text = [
    "# Gradients by operator",
    "",
    "Made by `src/autodiff/backend-nodes.test.ts` (`UPDATE_DOCS=1 npx vitest run src/autodiff/backend-nodes.test.ts` writes it anew) from the ONNX",
    "standard's own node tests: every case with a float input and a float output. Our gradient is compared with central differences of",
    "`onnx.reference` in float64, and with every rule scaled by 1.01 the same comparison must fail.",
    "",
    `- ${results.length} cases: ${total("right")} right, ${total("wrong")} wrong; left out: ${total("kink")} wholly on a kink, ${total("random")} random, ${total("no kernel")} that ONNX Runtime does not run here (${deviating.length} of them it runs to another result than the standard's${
      deviating.length > 0
        ? `: ${deviating
            .map(({ name }) => name)
            .sort()
            .join(", ")}`
        : ""
    }), ${total("no reference")} that \`onnx.reference\` cannot differentiate.`,
    `- ${sum(({ derivatives }) => derivatives)} derivatives, along single elements and random directions, were compared; ${sum(({ kinks }) => kinks)} more lie on a kink.`,
    `- ${denominator.length} operators of ai.onnx are neither piecewise constant nor random: ${passes.length} right in every case that runs (${(100 * share).toFixed(1)} %).`,
    "",
    ...(rest.length > 0
      ? ["## The others", "", ...rest.map(({ operator, list }) => `- ${operator}: ${reasonOf(list)}`), ""]
      : []),
    "## All",
    "",
    "| operator | rule | right | wrong | kink | random | no kernel | no reference | result |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...operators.map(row),
    "",
  ].join("\n");
  return { text, share };
}
