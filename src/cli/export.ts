import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { exportExplanation } from "../export/explanation.ts";
import { tritonConfig } from "../export/triton.ts";
import type { ExportedValue, ExportReport, ExportTarget, ExportWeights } from "../protocol/export.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { inputsOf, oneOf, parseSettings, progressLine, targetSpec, threadCount } from "./arguments.ts";
import { command, ONE_SAMPLE, WrongUsage, type Values } from "./options.ts";
import { print, printJson } from "./terminal.ts";
import { hasFormat, ONNX } from "../protocol/formats.ts";

const WEIGHTS: readonly ExportWeights[] = ["included", "external", "data"];
/** What Triton calls a model of its ONNX Runtime backend. */
const TRITON_MODEL = `model.${ONNX.extensions[0]}`;
const TARGETS: readonly ExportTarget[] = ["optional", "required", "fixed"];

const OPTIONS = {
  input: { needed: "usually", help: ONE_SAMPLE },
  target: {},
  against: {},
  output: {},
  layer: { repeated: false },
  set: {},
  explain: {},
  recipe: {},
  weights: { value: WEIGHTS.join("|") },
  "target-input": { value: TARGETS.join("|") },
  json: {},
  threads: {},
  out: { value: `FILE.${ONNX.extensions[0]}`, or: "triton" },
  triton: {},
} as const;

/**
 * One file that gives the attribution beside the model's outputs; with --triton a folder for a Triton model repository,
 * DIR/config.pbtxt and the model in DIR/1.
 */
export const exportCommand = command({
  name: "export",
  summary: "Writes a model that gives an explanation beside its outputs, or a folder for Triton.",
  positional: ["TECHNIQUE", "MODEL"],
  options: OPTIONS,
  example: `export saliency model.${ONNX.extensions[0]} --input cat.png --out explained.${ONNX.extensions[0]}`,
  run: ({ positional: [technique, path], options }) => exportModel(technique, path, options),
});

async function exportModel(technique: string, path: string, options: Values<typeof OPTIONS>): Promise<number> {
  const { triton } = options;
  if (triton === "") throw new WrongUsage("--triton needs a value.");
  if ((options.out === undefined) === (triton === undefined))
    throw new WrongUsage(`export takes either --out FILE.${ONNX.extensions[0]} or --triton DIR.`);
  if (options.out !== undefined && !hasFormat(options.out, ONNX))
    throw new WrongUsage(`--out must end in .${ONNX.extensions[0]}, not "${options.out}".`);
  const weights = oneOf("--weights", options.weights ?? "included", WEIGHTS);
  // Triton puts requests together: each must say its own target.
  const target = oneOf(
    "--target-input",
    options["target-input"] ?? (triton === undefined ? "optional" : "required"),
    TARGETS,
  );
  // Triton wants a model of several files in a folder that is called as the file would be.
  const out = resolve(options.out ?? join(triton!, "1", ...(weights === "data" ? [TRITON_MODEL] : []), TRITON_MODEL));
  const models = new ModelCache({ threads: threadCount(options.threads) });
  const progress = progressLine();
  try {
    const model = await models.get(path);
    const inputs = await inputsOf(model, options);
    if (inputs.source.kind === "samples") throw new WrongUsage("export takes only one sample.");
    await mkdir(dirname(out), { recursive: true });
    const report = await exportExplanation(
      {
        job: {
          technique,
          model: resolve(path),
          ...inputs,
          target: targetSpec(options),
          ...(options.layer !== undefined ? { layer: options.layer } : {}),
          ...(options.explain.length > 0 ? { explain: options.explain } : {}),
          params: parseSettings(options.set),
        },
        out,
        weights,
        target,
      },
      { models, progress: progress.show, signal: new AbortController().signal },
    );
    progress.end();
    const files = [...report.files];
    if (triton !== undefined) {
      files.push(join(resolve(triton), "config.pbtxt"));
      await writeFile(files[files.length - 1], tritonConfig(report, basename(resolve(triton))));
    }
    if (options.json) printJson({ ...report, files });
    else print(summary({ ...report, files }));
    return 0;
  } finally {
    progress.end();
    models.dispose();
  }
}

function summary({ files, size, inputs, outputs, notes, difference }: ExportReport): string {
  const line = (kind: string, { name, dataType, dims, optional }: ExportedValue): string =>
    `${kind.padEnd(10)}${name}  ${dataType} [${dims.join(", ")}]${optional ? "  (optional)" : ""}`;
  return [
    ...files.map((file, index) => `${(index === 0 ? "written" : "").padEnd(10)}${file}`),
    `size      ${size} bytes`,
    ...inputs.map((value) => line("input", value)),
    ...outputs.map((value) => line("output", value)),
    `checked   ONNX Runtime reproduces the result to within ${difference.toExponential(1)} of the largest value`,
    ...notes.map((note) => `note      ${note}`),
  ]
    .join("\n")
    .concat("\n");
}
