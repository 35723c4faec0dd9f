import { ModelError } from "../../errors.ts";
import type { FunctionDef, Graph, Model, Problem, ValueInfo } from "../../graph.ts";
import { checkGraph } from "./check.ts";
import type { ExternalFile, ReadContext } from "./context.ts";
import { readFunction, readGraph, readOpset } from "./read-graph.ts";
import { readEntry } from "./read-tensor.ts";
import type { ByteSource } from "./source.ts";
import { TruncatedError, WireReader } from "./wire.ts";

/** The newest opset of ai.onnx and IR version that were known when this was written. */
const NEWEST_OPSET = 28;
const NEWEST_IR = 14;

/**
 * ModelProto -> Model, reading structure and small tensors only. ModelError where it is no ONNX model; what is wrong
 * but does not keep the rest from being shown is in `problems`.
 * @param external looks external data locations up (see `externalFiles`)
 */
export function readModel(source: ByteSource, external: (location: string) => ExternalFile): Model {
  const context: ReadContext = { problems: [], external };
  const parts = readParts(WireReader.over(source, "ModelProto"), context);
  const { problems } = context;
  if (parts.graph === undefined) {
    if (context.truncated !== undefined && parts.irVersion > 0) throw context.truncated;
    throw new ModelError(
      "This file contains no ONNX graph.",
      `byte ${source.size}`,
      "It is damaged, or not an ONNX model.",
    );
  }
  const { truncated } = context;
  if (truncated !== undefined) {
    if (parts.graph.nodes.length === 0 && parts.graph.initializers.length === 0) throw truncated;
    problems.push({
      severity: "error",
      message: `${truncated.message} The readable part is shown; the model cannot be run. ${truncated.hint ?? ""}`,
      where: truncated.where,
    });
  }
  noteVersions(parts, problems, truncated !== undefined);
  const main = separateDefaults(parts.graph, parts.irVersion, problems);
  const graph = checkGraph(main, problems, undefined, truncated !== undefined);
  for (const definition of parts.functions) checkFunction(definition, problems);
  return {
    format: "onnx",
    irVersion: parts.irVersion,
    producer: parts.producer,
    producerVersion: parts.producerVersion,
    domain: parts.domain,
    modelVersion: parts.modelVersion,
    doc: parts.doc,
    opsets: parts.opsets,
    metadata: Object.fromEntries(parts.metadata),
    graph,
    functions: parts.functions,
    problems,
  };
}

interface ModelParts {
  irVersion: number;
  producer: string;
  producerVersion: string;
  domain: string;
  modelVersion: number;
  doc: string;
  graph?: Graph;
  training: boolean;
  readonly opsets: Record<string, number>;
  readonly metadata: Map<string, string>;
  readonly functions: FunctionDef[];
}

function readParts(reader: WireReader, context: ReadContext): ModelParts {
  const parts: ModelParts = {
    irVersion: 0,
    producer: "",
    producerVersion: "",
    domain: "",
    modelVersion: 0,
    doc: "",
    training: false,
    opsets: {},
    metadata: new Map(),
    functions: [],
  };
  try {
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          parts.irVersion = reader.int();
          break;
        case 2:
          parts.producer = reader.string();
          break;
        case 3:
          parts.producerVersion = reader.string();
          break;
        case 4:
          parts.domain = reader.string();
          break;
        case 5:
          parts.modelVersion = reader.int();
          break;
        case 6:
          parts.doc = reader.string();
          break;
        case 7:
          parts.graph = readGraph(reader.child("GraphProto"), context);
          break;
        case 8:
          readOpset(reader.child("OperatorSetIdProto"), parts.opsets);
          break;
        case 14:
          readEntry(reader.child("StringStringEntryProto"), parts.metadata);
          break;
        case 20:
          parts.training = true;
          break;
        case 25:
          parts.functions.push(readFunction(reader.child("FunctionProto"), context));
          break;
      }
    }
  } catch (error) {
    if (!(error instanceof TruncatedError)) throw error;
    context.truncated ??= error;
  }
  return parts;
}

function noteVersions(parts: ModelParts, problems: Problem[], truncated: boolean): void {
  const opset = parts.opsets[""];
  if (opset === undefined && !truncated) {
    // IR versions 1 and 2 had no opset_import: opset 1 is meant.
    if (parts.irVersion < 3) parts.opsets[""] = 1;
    else if (Object.keys(parts.opsets).length === 0)
      problems.push({
        severity: "error",
        message: "The file does not declare the opset of its operators (opset_import is missing).",
      });
  } else if (opset > NEWEST_OPSET) {
    problems.push({
      severity: "warning",
      message: `The model uses opset ${opset}; the newest supported one is ${NEWEST_OPSET}. Operators that have changed since may be shown or run incorrectly.`,
    });
  }
  if (parts.irVersion > NEWEST_IR)
    problems.push({
      severity: "info",
      message: `The file has IR version ${parts.irVersion}; the newest supported one is ${NEWEST_IR}. Newer parts of it are not shown.`,
    });
  if (parts.training)
    problems.push({
      severity: "info",
      message: "The file also has training graphs (training_info), which are not shown.",
    });
}

/**
 * Takes the inputs out that initializers give a value: in files before IR version 4 those are constants, later
 * defaults.
 */
function separateDefaults(graph: Graph, irVersion: number, problems: Problem[]): Graph {
  const constants = new Set([...graph.initializers, ...graph.sparseInitializers].map((tensor) => tensor.name));
  const withDefault = graph.inputs.filter((input) => constants.has(input.name));
  if (withDefault.length === 0) return graph;
  if (irVersion >= 4) problems.push(defaultsNote(withDefault));
  return { ...graph, inputs: graph.inputs.filter((input) => !constants.has(input.name)) };
}

function defaultsNote(inputs: readonly ValueInfo[]): Problem {
  const names =
    inputs
      .slice(0, 5)
      .map((input) => `"${input.name}"`)
      .join(", ") + (inputs.length > 5 ? ", ..." : "");
  const [has, is] =
    inputs.length === 1
      ? ["input has a default value", "it is"]
      : [`${inputs.length} inputs have default values`, "they are"];
  return {
    severity: "info",
    message: `${inputs.length === 1 ? "An" : ""} ${has} (${names}); here ${is} treated as constant.`.trimStart(),
    where: inputs[0].name,
  };
}

/** A function's body is a graph without initializers or types. */
function checkFunction(definition: FunctionDef, problems: Problem[]): void {
  const values = (names: readonly string[]): ValueInfo[] => names.map((name) => ({ name, type: { kind: "unknown" } }));
  const found: Problem[] = [];
  checkGraph(
    {
      name: definition.name,
      inputs: values(definition.inputs),
      outputs: values(definition.outputs),
      nodes: definition.nodes,
      initializers: [],
      sparseInitializers: [],
      valueInfo: [],
    },
    found,
  );
  for (const problem of found)
    problems.push({
      ...problem,
      message: `In the function "${definition.name}": ${problem.message}`,
      function: definition.name,
    });
}
