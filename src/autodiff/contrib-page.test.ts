import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { REWRITES } from "./canonical.ts";
import { gradientRules } from "./rules/index.ts";
import { hasStandIn } from "../model/stand-ins/index.ts";

const PAGE = "docs/operators-onnxruntime.md";
interface Known {
  readonly operator: string;
  readonly cpu: boolean;
}
const contrib = JSON.parse(readFileSync("test/reference/stand-ins/contrib.json", "utf8")) as {
  readonly version: string;
  readonly operators: readonly Known[];
};

/** Operators whose outputs are integers or strings, a choice, or drawn at random: they have no gradient. */
const WITHOUT =
  /(?:BeamSearch|GreedySearch|Sampling|SampleOp|Tokenizer|MurmurHash3|NGram|Unique|IsAllFinite|Bitmask|BifurcationDetector|DynamicTimeWarping|EPContext|Snpe|SpeculativePrefixCommit|Quantize(?:BFP|WithOrder)|RemovePadding|RestorePadding|MoEGroupRouter)/;

function treatment(operator: string): string {
  const at = operator.lastIndexOf(".");
  const [domain, name] = [operator.slice(0, at), operator.slice(at + 1)];
  const rule = Object.hasOwn(gradientRules, operator);
  if (hasStandIn(domain, name)) return rule ? "rule; replaced in some forms before it runs" : "replaced before it runs";
  if (rule) return "rule";
  if (Object.hasOwn(REWRITES, operator)) return "rewritten as a standard operator";
  return WITHOUT.test(name) ? "no gradient" : "none";
}

function page(): string {
  const rows = contrib.operators.map(({ operator, cpu }) => ({ operator, cpu, how: treatment(operator) }));
  const known = rows.filter(({ how }) => how !== "none" && how !== "no gradient");
  const runs = rows.filter(({ cpu, how }) => cpu && how !== "no gradient");
  return `# Gradients by operator: ONNX Runtime's own

Made by \`src/autodiff/contrib-page.test.ts\` (\`UPDATE_DOCS=1 npx vitest run src/autodiff/contrib-page.test.ts\` writes it anew) from the operators that ONNX
Runtime ${contrib.version} registers beside the standard's, which \`operators.md\` has. Compared with PyTorch in float64 (\`test/reference/stand-ins\`, \`quantised\`,
\`fused\`) and with the slopes of ONNX Runtime's kernels (\`src/autodiff/operators-fused.test.ts\`).

- "replaced before it runs": ONNX Runtime has no kernel for it on CPUs, or it is in a layout of its own; standard operators do the same.
- "none": a model that has it runs where ONNX Runtime has a kernel ("CPU"), and methods that only run it forward work.
- ${known.length} operators have a gradient; ${runs.filter(({ how }) => how !== "none").length} of the ${runs.length} that run on CPUs and are continuous.

| operator | CPU | gradient |
| --- | --- | --- |
${rows.map(({ operator, cpu, how }) => `| ${operator} | ${cpu ? "yes" : "no"} | ${how} |`).join("\n")}
`;
}

it("docs/operators-onnxruntime.md says what stands", () => {
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, page());
  expect(readFileSync(PAGE, "utf8")).toBe(page());
});
