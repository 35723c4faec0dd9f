import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { csvOf } from "../draw/encode/csv.ts";
import { describe } from "../model/describe.ts";
import { nodeLabel } from "../model/graph.ts";
import { innerLayers } from "../model/inner-names.ts";
import { openModel } from "../model/open.ts";
import type { ModelDescription, ValueDescription } from "../protocol/model.ts";
import { ONNX } from "../protocol/formats.ts";
import { formatOf } from "./arguments.ts";
import { command, type Values } from "./options.ts";
import { printTable, type TableRow } from "./print-table.ts";
import { print, printJson } from "./terminal.ts";

const OPTIONS = {
  json: {},
  out: { value: "FILE.(json|csv)", help: "The file to write: all of it as JSON, or the layers as CSV." },
} as const;

/** The text has two tables, facts and layers, an empty line between them. */
export const inspect = command({
  name: "inspect",
  summary: "Says what a model file is, with its layers. No weights are read.",
  positional: ["MODEL"],
  options: OPTIONS,
  example: `inspect model.${ONNX.extensions[0]}`,
  run: ({ positional: [path], options }) => inspectModel(path, options),
});

async function inspectModel(path: string, { json, out }: Values<typeof OPTIONS>): Promise<number> {
  const format = out === undefined ? undefined : formatOf(out, ["json", "csv"]);
  const open = await openModel(path);
  try {
    const model = describe(open);
    const inside = innerLayers(open.model);
    const summary = (): string => `${JSON.stringify(summaryOf(model, inside), null, 2)}\n`;
    if (out !== undefined) {
      await mkdir(dirname(resolve(out)), { recursive: true });
      await writeFile(out, format === "json" ? summary() : csvOf(LAYER_COLUMNS, layerRows(model, inside)));
    }
    if (json) printJson(summaryOf(model, inside));
    else if (out === undefined) {
      printTable(["fact", "value"], factsOf(model, inside));
      print("\n");
      printTable(LAYER_COLUMNS, layerRows(model, inside));
    }
    return 0;
  } finally {
    open.close();
  }
}

type Inner = ReturnType<typeof innerLayers>;

function summaryOf({ layers, producer, producerVersion, opsets, ...rest }: ModelDescription, inside: Inner): object {
  return {
    name: rest.name,
    format: rest.format,
    producer: [producer, producerVersion].filter(Boolean).join(" "),
    irVersion: rest.irVersion,
    opset: opsets[""] ?? null,
    opsets,
    inputs: rest.inputs,
    outputs: rest.outputs,
    nodes: layers.length,
    constants: rest.constants,
    operators: Object.fromEntries(rest.operators.map(({ operator, count }) => [operator, count])),
    parameters: rest.parameters,
    parameterTypes: Object.fromEntries(rest.parameterTypes.map(({ type, count }) => [type, count])),
    size: rest.size,
    functions: rest.functions,
    metadata: rest.metadata,
    problems: rest.problems,
    layers: [
      ...layers.map(({ name, operator, outputs, outputDims, parameters }) => ({
        name,
        operator,
        outputs,
        outputDims: outputDims ?? null,
        parameters,
      })),
      ...inside.map(({ node, inside: place }) => ({
        name: nodeLabel(node),
        operator: node.opType,
        outputs: node.outputs,
        outputDims: null,
        inside: place,
      })),
    ],
  };
}

function factsOf(model: ModelDescription, inside: Inner): TableRow[] {
  const within = inside.length > 0 ? `, ${inside.length} nodes inside functions, branches and loops` : "";
  const types = model.parameterTypes.map(({ type, count }) => `${type} ${count}`).join(", ");
  return [
    ["name", model.name],
    [
      "format",
      `${model.format}, IR ${model.irVersion}, ${Object.entries(model.opsets)
        .map(([domain, version]) => `${domain || "ai.onnx"} ${version}`)
        .join(", ")}`,
    ],
    ["producer", [model.producer, model.producerVersion].filter(Boolean).join(" ") || "unknown"],
    [
      "size",
      `${model.size.file} bytes${model.size.external > 0 ? ` and ${model.size.external} bytes of external data` : ""}`,
    ],
    ["nodes", `${model.layers.length} (and ${model.constants} constants${within})`],
    ["parameters", `${model.parameters}${types === "" ? "" : ` (${types})`}`],
    ...model.inputs.map((value): TableRow => ["input", valueLine(value)]),
    ...model.outputs.map((value): TableRow => ["output", valueLine(value)]),
    ["operators", model.operators.map(({ operator, count }) => `${operator} ${count}`).join(", ")],
    ...model.problems.map(({ severity, message, where }): TableRow => [
      severity,
      `${where ? `${where}: ` : ""}${message}`,
    ]),
  ];
}

const LAYER_COLUMNS = ["layer", "operator", "outputs", "shape", "parameters", "inside"] as const;

function layerRows({ layers }: ModelDescription, inside: Inner): TableRow[] {
  return [
    ...layers.map(({ name, operator, outputs, outputDims, parameters }): TableRow => [
      name,
      operator,
      outputs.filter(Boolean).join(" "),
      outputDims ? shapeText(outputDims) : "",
      parameters,
      "",
    ]),
    ...inside.map(({ node, inside: place }): TableRow => [
      nodeLabel(node),
      node.opType,
      node.outputs.filter(Boolean).join(" "),
      "",
      "",
      place,
    ]),
  ];
}

function valueLine({ name, type, dims }: ValueDescription): string {
  return `${name}  ${type}${dims ? ` ${shapeText(dims)}` : ""}`;
}

function shapeText(dims: NonNullable<ValueDescription["dims"]>): string {
  return `[${dims.map((dim) => dim ?? "?").join(", ")}]`;
}
