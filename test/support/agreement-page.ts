import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import type { AgreementCase } from "./agreement.ts";

export type Compared = AgreementCase & {
  readonly outcome: "agrees" | "differs" | "undefined" | "deviates";
  readonly error?: number;
  readonly reason?: string;
};

/** What the columns are called, the networks that every method is held to first. */
const NETWORKS: readonly (readonly [network: string, title: string])[] = [
  ["vgg", "VGG-like"],
  ["resnet18", "ResNet-18"],
  ["mobilenet-v2-small", "MobileNetV2"],
  ["efficientnet-lite0", "EfficientNet-Lite0, the cat"],
  ["vision-transformer", "ViT"],
  ["bert", "BERT-like"],
];

/** docs/agreement.md: a table of methods and networks, then the notes and what else was compared. */
export function agreementPage(results: readonly Compared[], techniques: readonly TechniqueInfo[]): string {
  const notes: string[] = [];
  const noteFor = (text: string): string => {
    if (!notes.includes(text)) notes.push(text);
    return `[${notes.indexOf(text) + 1}]`;
  };
  const main = new Set(NETWORKS.map(([network]) => network));
  const methods = techniques.filter(({ id }) => results.some(({ technique }) => technique === id));
  const rows = methods.map(
    ({ id, title }) =>
      `| ${title} | ${NETWORKS.map(([network]) =>
        cell(
          results.filter((one) => one.technique === id && one.network === network),
          noteFor,
        ),
      ).join(" | ")} |`,
  );
  const others = methods.flatMap(({ id, title }) => {
    const rest = results.filter((one) => one.technique === id && !main.has(one.network));
    const networks = [...new Set(rest.map(({ network }) => network))].sort();
    return networks.map(
      (network) =>
        `| ${title} | ${network} | ${cell(
          rest.filter((one) => one.network === network),
          noteFor,
        )} |`,
    );
  });
  const missing = techniques
    .filter(({ id, needs }) => needs.target && !methods.some((one) => one.id === id))
    .map(({ title }) => title);
  return `# Agreement with reference implementations

Made by \`src/techniques/agreement.test.ts\`, which runs every comparison (UPDATE_DOCS=1 writes this page). Each number is the largest difference of the raw
arrays, as a fraction of the largest value, over all of a method's options that were compared; under 1e-3 is a pass. Ours is float32 on ONNX Runtime, the
reference float64 on PyTorch: Captum 0.9, pytorch-grad-cam 1.5 and zennit 0.5, made by the \`make.py\` beside each folder of \`test/reference\`. Of methods with random
draws the means are compared: the difference in standard errors (σ), about 1 where both draw from the same distribution.

| method | ${NETWORKS.map(([, title]) => title).join(" | ")} |
| --- | ${NETWORKS.map(() => "---").join(" | ")} |
${rows.join("\n")}

An empty cell was not compared there.${missing.length > 0 ? ` Methods without a reference implementation in this table: ${missing.join(", ")}; their own tests say what they are held to.` : ""}

${notes.length > 0 ? `## Notes\n\n${notes.map((note, index) => `${index + 1}. ${note}`).join("\n")}\n\n` : ""}## Other networks

| method | network | result |
| --- | --- | --- |
${others.join("\n")}
`;
}

function cell(results: readonly Compared[], noteFor: (text: string) => string): string {
  const parts: string[] = [];
  const agreeing = results.filter(({ outcome }) => outcome === "agrees");
  const exact = agreeing.filter(({ deviation }) => !deviation);
  if (exact.length > 0) parts.push(`agrees, ${Math.max(...exact.map(({ error }) => error!)).toExponential(0)}`);
  const random = agreeing.filter(({ deviation }) => deviation);
  if (random.length > 0) parts.push(`same mean, ${Math.max(...random.map(({ error }) => error!)).toFixed(1)} σ`);
  const corrected = results.filter(({ outcome, error }) => outcome === "deviates" && error !== undefined);
  if (corrected.length > 0)
    parts.push(`agrees with the paper, ${Math.max(...corrected.map(({ error }) => error!)).toExponential(0)}`);
  for (const { outcome, reason, error } of results) {
    const text =
      outcome === "undefined"
        ? `reference undefined ${noteFor(`The reference gives no numbers: ${reason}`)}`
        : outcome === "deviates"
          ? `reference deviates ${noteFor(reason!)}`
          : outcome === "differs"
            ? `DIFFERS, ${error!.toExponential(0)}`
            : undefined;
    if (text && !parts.includes(text)) parts.push(text);
  }
  return parts.join("; ");
}
