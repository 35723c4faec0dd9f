import { describe } from "../model/describe.ts";
import { nodeLabel } from "../model/graph.ts";
import { innerLayers } from "../model/inner-names.ts";
import { openModel } from "../model/onnx/index.ts";
import type { ValueDescription } from "../protocol/model.ts";
import { parseArguments } from "./arguments.ts";

/** `neural-loupe inspect MODEL [--json]`: what the file is; no weights are read. */
export async function inspect(args: readonly string[]): Promise<number> {
  const { model: path, options } = parseArguments(args, ["json"]);
  const open = await openModel(path);
  try {
    const model = describe(open);
    const inside = innerLayers(open.model);
    if (options.json) {
      const { layers, producer, producerVersion, opsets, ...rest } = model;
      const summary = {
        name: rest.name, format: rest.format, producer: [producer, producerVersion].filter(Boolean).join(" "), irVersion: rest.irVersion,
        opset: opsets[""] ?? null, opsets, inputs: rest.inputs, outputs: rest.outputs, nodes: layers.length, constants: rest.constants,
        operators: Object.fromEntries(rest.operators.map(({ operator, count }) => [operator, count])), parameters: rest.parameters,
        parameterTypes: Object.fromEntries(rest.parameterTypes.map(({ type, count }) => [type, count])),
        size: rest.size, functions: rest.functions, metadata: rest.metadata, problems: rest.problems,
        layers: [
          ...layers.map(({ name, operator, outputs, outputDims, parameters }) => ({ name, operator, outputs, outputDims: outputDims ?? null, parameters })),
          ...inside.map(({ node, inside: place }) => ({ name: nodeLabel(node), operator: node.opType, outputs: node.outputs, outputDims: null, inside: place })),
        ],
      };
      process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
      return 0;
    }
    const lines = [
      `${model.name}: ${model.format}, IR ${model.irVersion}, ${Object.entries(model.opsets).map(([domain, version]) => `${domain || "ai.onnx"} ${version}`).join(", ")}`,
      `producer    ${[model.producer, model.producerVersion].filter(Boolean).join(" ") || "unknown"}`,
      `size        ${model.size.file} bytes${model.size.external > 0 ? ` and ${model.size.external} bytes of external data` : ""}`,
      `nodes       ${model.layers.length} (and ${model.constants} constants${inside.length > 0 ? `, ${inside.length} nodes inside functions, branches and loops` : ""})`, `parameters  ${model.parameters}${model.parameterTypes.length > 0 ? ` (${model.parameterTypes.map(({ type, count }) => `${type} ${count}`).join(", ")})` : ""}`,
      ...model.inputs.map((value) => `input       ${valueLine(value)}`), ...model.outputs.map((value) => `output      ${valueLine(value)}`),
      `operators   ${model.operators.map(({ operator, count }) => `${operator} ${count}`).join(", ")}`,
      ...model.problems.map(({ severity, message, where }) => `${severity.padEnd(12)}${where ? `${where}: ` : ""}${message}`),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  } finally {
    open.close();
  }
}

function valueLine({ name, type, dims }: ValueDescription): string {
  return `${name}  ${type}${dims ? ` [${dims.map((dim) => dim ?? "?").join(", ")}]` : ""}`;
}
