import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { exportExplanation } from "../export/explanation.ts";
import { tritonConfig } from "../export/triton.ts";
import type { ExportedValue, ExportReport, ExportTarget, ExportWeights } from "../protocol/export.ts";
import { ModelCache } from "../runtime/models.ts";
import { techniques } from "../techniques/index.ts";
import {
  inputsOf,
  parseArguments,
  parseSettings,
  progressLine,
  targetSpec,
  threadCount,
  WrongUsage,
} from "./arguments.ts";
import { print, printJson } from "./terminal.ts";
import { hasFormat, ONNX } from "../protocol/formats.ts";

const WEIGHTS: readonly ExportWeights[] = ["included", "external", "data"];
/** What Triton calls a model of its ONNX Runtime backend. */
const TRITON_MODEL = `model.${ONNX.extensions[0]}`;
const TARGETS: readonly ExportTarget[] = ["optional", "required", "fixed"];

/**
 * `neural-loupe export TECHNIQUE MODEL ...`: one ONNX file that gives the attribution beside the model's outputs; with
 * --triton a folder for a Triton model repository, DIR/config.pbtxt and the model in DIR/1. /
 */
export async function exportModel(args: readonly string[]): Promise<number> {
  const [technique, ...rest] = args;
  const info = techniques.find((one) => one.info.id === technique)?.info;
  if (!info)
    throw new WrongUsage(`export needs a technique as its first argument; there is no technique "${technique ?? ""}".`);
  const { own, others } = splitOptions(rest);
  const { model: path, options } = parseArguments(others, [
    "input",
    "target",
    "against",
    "output",
    "layer",
    "set",
    "explain",
    "recipe",
    "out",
    "threads",
    "json",
  ]);
  if ((options.out === undefined) === (own.triton === undefined))
    throw new WrongUsage(`export takes either --out FILE.${ONNX.extensions[0]} or --triton DIR.`);
  if (options.out !== undefined && !hasFormat(options.out, ONNX))
    throw new WrongUsage(`--out must end in .${ONNX.extensions[0]}, not "${options.out}".`);
  if (options.layer.length > 1) throw new WrongUsage("export takes only one --layer.");
  const weights = oneOf("weights", own.weights ?? "included", WEIGHTS);
  // Triton puts requests together: each must say its own target.
  const target = oneOf(
    "target-input",
    own["target-input"] ?? (own.triton === undefined ? "optional" : "required"),
    TARGETS,
  );
  // Triton wants a model of several files in a folder that is called as the file would be.
  const out = resolve(
    options.out ?? join(own.triton!, "1", ...(weights === "data" ? [TRITON_MODEL] : []), TRITON_MODEL),
  );
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
          technique: info.id,
          model: resolve(path),
          ...inputs,
          target: targetSpec(options),
          ...(options.layer.length > 0 ? { layer: options.layer[0] } : {}),
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
    if (own.triton !== undefined) {
      files.push(join(resolve(own.triton), "config.pbtxt"));
      await writeFile(files[files.length - 1], tritonConfig(report, basename(resolve(own.triton))));
    }
    if (options.json) printJson({ ...report, files });
    else print(summary({ ...report, files }));
    return 0;
  } finally {
    progress.end();
    models.dispose();
  }
}

const OWN = ["weights", "target-input", "triton"] as const;

/** The options that only this command has (--name value or --name=value), and all else. */
function splitOptions(args: readonly string[]): {
  own: Partial<Record<(typeof OWN)[number], string>>;
  others: string[];
} {
  const own: Partial<Record<(typeof OWN)[number], string>> = {};
  const others: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const name = OWN.find((one) => args[i] === `--${one}` || args[i].startsWith(`--${one}=`));
    if (name === undefined) {
      others.push(args[i]);
      continue;
    }
    const inline = args[i].includes("=");
    const value = inline ? args[i].slice(args[i].indexOf("=") + 1) : args[++i];
    if (value === undefined || value === "" || (!inline && value.startsWith("--")))
      throw new WrongUsage(`--${name} needs a value.`);
    own[name] = value;
  }
  return { own, others };
}

function oneOf<T extends string>(name: string, value: string, options: readonly T[]): T {
  const found = options.find((option) => option === value);
  if (!found) throw new WrongUsage(`--${name} must be one of ${options.join(", ")}, not "${value}".`);
  return found;
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
