import { basename } from "node:path";
import type {
  LayerDescription,
  LayerDetails,
  ModelDescription,
  ValueDescription,
  ValueUse,
} from "../protocol/model.ts";
import { constantOf } from "./constants.ts";
import { UsageError } from "./errors.ts";
import {
  BITS,
  elementCount,
  nodeLabel,
  type Dim,
  type Model,
  type Node,
  type TensorRef,
  type ValueType,
} from "./graph.ts";
import { formalNames } from "./formal-names.ts";
import { parametersOf, type Parameters } from "./parameters.ts";
import { plumbingOf, takenBy } from "./plumbing.ts";
import { byteLength } from "./tensor.ts";
import { attributeRow, typeText } from "./format.ts";
import { mapInput } from "./map-inputs.ts";
import type { OpenModel } from "./open.ts";
import { inferShapes } from "./shapes/infer.ts";
import { inferTypes, type ValueTypes } from "./types.ts";
import { factsOf as operatorFacts, operatorOf } from "./operators.ts";

/** What the editor shows of a model and `inspect` prints: structure and counts, no weights. */
export function describe(
  open: Pick<OpenModel, "path" | "model" | "size" | "stamp"> & Partial<Pick<OpenModel, "dataFiles">>,
): ModelDescription {
  const { model } = open;
  const { graph } = model;
  const facts = factsOf(model);
  return {
    path: open.path,
    name: basename(open.path),
    format: model.format,
    producer: model.producer,
    producerVersion: model.producerVersion,
    irVersion: model.irVersion,
    modelVersion: model.modelVersion,
    domain: model.domain,
    doc: model.doc,
    opsets: model.opsets,
    metadata: model.metadata,
    graphName: graph.name,
    inputs: graph.inputs.map((input) => {
      const map = mapInput(graph, input);
      return {
        ...describeValue(input),
        ...(map ? { dims: map.dims, tensor: { type: map.dataType, ...(map.keys ? { keys: map.keys } : {}) } } : {}),
      };
    }),
    outputs: graph.outputs.map((output) => withDims(describeValue(output), facts.dims.get(output.name))),
    layers: facts.layers.map((node, index) => describeLayer(node, index, facts)),
    constants: graph.nodes.length - facts.layers.length,
    parameters: facts.parameters.total,
    parameterTypes: facts.parameters.types,
    operators: countOperators(facts.layers),
    size: open.size,
    ...(open.dataFiles?.length ? { dataFiles: open.dataFiles } : {}),
    functions: model.functions.map(({ name, domain, nodes }) => ({ name, domain, nodes: nodes.length })),
    problems: model.problems,
    stamp: open.stamp,
  };
}

/**
 * One layer for the inspector.
 * @param index into `describe(open).layers`; UsageError where there is none
 */
export function layerDetails(open: Pick<OpenModel, "model">, index: number): LayerDetails {
  const facts = factsOf(open.model);
  const node = facts.layers[index];
  if (node === undefined) throw new UsageError(`There is no layer ${index}; the model has ${facts.layers.length}.`);
  const names = formalNames(node, open.model);
  return {
    layer: describeLayer(node, index, facts),
    doc: node.doc ?? "",
    attributes: Object.entries(node.attributes).map(([name, attribute]) => attributeRow(name, attribute)),
    inputs: node.inputs.map((name, place) => ({ ...describeUse(name, facts), ...formal(names.input(place)) })),
    outputs: node.outputs.map((name, place) => ({
      ...describeUse(name, facts),
      ...formal(names.output(place)),
      ...(name === "" ? {} : { consumers: facts.consumers.get(name) ?? [] }),
      ...(facts.outputs.has(name) ? { isOutput: true } : {}),
    })),
  };
}

function formal(name: string | undefined): Pick<ValueUse, "formal"> {
  return name === undefined ? {} : { formal: name };
}

/** What is looked up by name while a model is described; made once per model. */
interface Facts {
  /** Nodes other than Constant, in order. */
  readonly layers: readonly Node[];
  readonly constants: ReadonlyMap<string, TensorRef>;
  readonly producers: ReadonlyMap<string, number>;
  /** By value the layers that take it, those whose branches and bodies do among them. */
  readonly consumers: ReadonlyMap<string, readonly number[]>;
  readonly plumbing: ReadonlySet<Node>;
  readonly inputs: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
  readonly types: ReadonlyMap<string, ValueType>;
  /** Element types that follow from the operators, where the file declares none. */
  readonly elementTypes: ValueTypes;
  readonly dims: ReadonlyMap<string, readonly Dim[]>;
  readonly parameters: Parameters;
}

const known = new WeakMap<Model, Facts>();

function factsOf(model: Model): Facts {
  let facts = known.get(model);
  if (facts === undefined) {
    facts = gatherFacts(model);
    known.set(model, facts);
  }
  return facts;
}

function gatherFacts(model: Model): Facts {
  const { graph } = model;
  const layers = graph.nodes.filter((node) => !isConstant(node));
  const constants = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.nodes) {
    const tensor = constantOf(node);
    if (tensor !== undefined) constants.set(tensor.name, tensor);
  }
  const producers = new Map<string, number>();
  layers.forEach((node, index) => node.outputs.forEach((output) => producers.set(output, index)));
  const types = new Map(
    [...graph.valueInfo, ...graph.inputs, ...graph.outputs].map((value) => [value.name, value.type]),
  );
  return {
    layers,
    constants,
    producers,
    consumers: consumersIn(layers),
    plumbing: plumbingOf(graph),
    types,
    inputs: new Set(graph.inputs.map((input) => input.name)),
    outputs: new Set(graph.outputs.map((output) => output.name)),
    elementTypes: inferTypes(graph),
    dims: inferShapes(model),
    parameters: parametersOf(model),
  };
}

function consumersIn(layers: readonly Node[]): Map<string, number[]> {
  const consumers = new Map<string, number[]>();
  layers.forEach((node, index) => {
    for (const value of new Set(takenBy(node))) {
      const known = consumers.get(value);
      if (known) known.push(index);
      else consumers.set(value, [index]);
    }
  });
  return consumers;
}

function isConstant(node: Node): boolean {
  return node.opType === "Constant" && node.domain === "";
}

function describeLayer(node: Node, index: number, facts: Facts): LayerDescription {
  const outputDims = facts.dims.get(node.outputs[0] ?? "");
  const parameters = [...new Set(node.inputs)].reduce(
    (sum, name) => sum + weightsIn(facts.constants.get(name), facts),
    0,
  );
  return {
    index,
    name: nodeLabel(node),
    operator: node.opType,
    domain: node.domain,
    ...(outputDims === undefined ? {} : { outputDims }),
    parameters,
    ...(parameters === 0 && facts.plumbing.has(node) ? { plumbing: true } : {}),
    inputs: node.inputs,
    outputs: node.outputs,
  };
}

/**
 * Scalars are settings of an operator (a clip's bounds), not weights of a layer; the model's total counts them all the
 * same.
 */
function weightsIn(tensor: TensorRef | undefined, { parameters }: Facts): number {
  return tensor !== undefined && tensor.dims.length > 0 ? (parameters.of.get(tensor.name) ?? 0) : 0;
}

function countOperators(layers: readonly Node[]): ModelDescription["operators"] {
  const counts = new Map<string, number>();
  for (const { domain, opType } of layers) {
    const operator = operatorOf({ domain, opType });
    counts.set(operator, (counts.get(operator) ?? 0) + 1);
  }
  return [...counts]
    .map(([operator, count]) => {
      const { family, line } = operatorFacts(operator) ?? {};
      return { operator, count, family, line };
    })
    .sort((a, b) => b.count - a.count || a.operator.localeCompare(b.operator));
}

export function describeValue({ name, type, doc }: { name: string; type: ValueType; doc?: string }): ValueDescription {
  const dims = type.kind === "tensor" || type.kind === "sparse" ? type.dims : undefined;
  return { name, type: typeText(type), ...(dims === undefined ? {} : { dims }), ...(doc === undefined ? {} : { doc }) };
}

function withDims(value: ValueDescription, dims: readonly Dim[] | undefined): ValueDescription {
  return value.dims === undefined && dims !== undefined ? { ...value, dims } : value;
}

function describeUse(name: string, facts: Facts): ValueUse {
  if (name === "") return { name, from: { kind: "omitted" } };
  const constant = facts.constants.get(name);
  if (constant !== undefined) {
    const { dataType, dims, problem } = constant;
    return {
      name,
      type: dataType,
      dims,
      from: { kind: "constant", ...placeOf(constant) },
      ...(problem === undefined ? {} : { problem }),
    };
  }
  const declared = facts.types.get(name);
  const type =
    declared === undefined || declared.kind === "unknown" ? facts.elementTypes.get(name) : typeText(declared);
  const dims = facts.dims.get(name);
  const producer = facts.producers.get(name);
  return {
    name,
    ...(type === undefined ? {} : { type }),
    ...(dims === undefined ? {} : { dims }),
    from:
      producer !== undefined
        ? { kind: "layer", index: producer }
        : facts.inputs.has(name)
          ? { kind: "input" }
          : { kind: "omitted" },
    ...(producer === undefined && !facts.inputs.has(name)
      ? { problem: "Nothing in the model produces this value." }
      : {}),
  };
}

/** A constant's size, and its place in words. */
function placeOf(tensor: TensorRef): { bytes: number; location: string } {
  const { storage } = tensor;
  switch (storage.kind) {
    case "file":
      return {
        bytes: storage.length,
        location:
          storage.file === ""
            ? `byte ${storage.offset} of the model file`
            : `byte ${storage.offset} of ${storage.file}`,
      };
    case "fields": {
      const encoded = storage.parts.reduce((sum, part) => sum + part.length, 0);
      const bytes = BITS[tensor.dataType] > 0 ? byteLength(tensor.dataType, elementCount(tensor.dims)) : encoded;
      return { bytes, location: `byte ${storage.parts[0]?.offset ?? 0} of the model file (${storage.field})` };
    }
    case "bytes":
      return { bytes: storage.bytes.length, location: "in the model file" };
    case "strings":
      return { bytes: storage.strings.reduce((sum, text) => sum + text.length, 0), location: "in the model file" };
  }
}
