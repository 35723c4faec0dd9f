import { withDequantised } from "../autodiff/dequantised.ts";
import { Specialised, taintedValues, type Trace } from "../autodiff/specialise.ts";
import { countTrips, straighten } from "../autodiff/straighten.ts";
import { elementCount, isFloat, type DataType, type Graph, type Model, type Node } from "../model/graph.ts";
import type { OpenModel } from "../model/open.ts";
import { toNumbers } from "../model/tensor.ts";
import { inferTypes } from "../model/types.ts";
import { createSession, numbersOf, type Feeds } from "./ort.ts";
import { shapesFor } from "./fed-shapes.ts";

/** Integers up to this many are kept as numbers: more is data, not a shape. */
const MOST_KNOWN = 1 << 20;
/** Of integers that the input decides. */
const MOST_DECIDED = 1 << 16;
/**
 * Of 8 and 16 bits: quantised activations, masks; more than a zero point or a flag for each channel is never asked for.
 */
const MOST_NARROW = 1 << 12;
const NARROW: ReadonlySet<DataType> = new Set(["int8", "uint8", "int16", "uint16", "int4", "uint4"]);
/** Branches inside branches: no model nests deeper than this. */
const MOST_ROUNDS = 64;

/**
 * Runs the model once on `feeds` and makes it a straight line for what was seen. `model` has its functions inlined and
 * its Constants lifted. Activations are not kept: of float values only the shapes are fetched.
 */
export async function specialise(
  model: Model,
  open: OpenModel,
  feeds: Feeds,
): Promise<{ specialised: Specialised; trace: Trace; graph: Graph; conditions: readonly string[] }> {
  const opset = model.opsets[""] ?? 1;
  let graph = model.graph;
  const conditions: string[] = [];
  for (let round = 0; ; round++) {
    graph = withDequantised(countTrips(graph), inferTypes(graph), opset);
    const trace = await traceGraph({ ...model, graph }, open, feeds);
    const straightened = straighten(graph, trace);
    conditions.push(...straightened.conditions);
    if (!straightened.changed || round >= MOST_ROUNDS) {
      return {
        specialised: new Specialised(graph, opset, trace, (tensor) => open.bytesOf(tensor), conditions),
        trace,
        graph,
        conditions,
      };
    }
    graph = straightened.graph;
  }
}

async function traceGraph(model: Model, open: OpenModel, feeds: Feeds): Promise<Trace> {
  const { graph } = model;
  const types = inferTypes(graph);
  const dims = new Map<string, readonly number[]>();
  const known = new Map<string, readonly number[]>();
  const shaping = shapingFloats(graph);
  for (const { name } of graph.inputs) {
    const feed = feeds[name];
    if (!feed) continue;
    dims.set(name, feed.dims);
    if (isSmallInteger(feed.dataType, feed.dims) || (shaping.has(name) && elementCount(feed.dims) <= 1024))
      known.set(name, numbersOf(feed));
  }
  for (const tensor of graph.initializers) {
    dims.set(tensor.name, tensor.dims);
    // A constant of one element may say what an operator is: 1 over x is an inverse.
    const wanted =
      isSmallInteger(tensor.dataType, tensor.dims) ||
      (isFloat(tensor.dataType) && elementCount(tensor.dims) <= (shaping.has(tensor.name) ? 1024 : 1));
    if (wanted && tensor.problem === undefined) known.set(tensor.name, toNumbers(tensor, open.bytesOf(tensor)));
  }

  const small = fewElements(model, feeds);
  const shapeNodes: Node[] = [];
  const shapeOf = new Map<string, string>();
  const whole: string[] = [];
  for (const output of new Set(graph.nodes.flatMap((node) => node.outputs))) {
    const type = types.get(output);
    if (output === "" || type === undefined) continue;
    if (shaping.has(output) || (!isFloat(type) && type !== "string" && small(output, type))) whole.push(output);
    else {
      const shape = `loupe.shape.${shapeNodes.length}`;
      shapeOf.set(shape, output);
      shapeNodes.push({ name: "", opType: "Shape", domain: "", inputs: [output], outputs: [shape], attributes: {} });
    }
  }
  if (shapeOf.size + whole.length === 0) return { dims, types, known, opset: model.opsets[""] ?? 1 };
  const outputs = [...shapeOf.keys(), ...whole].map((name) => ({ name, type: { kind: "unknown" as const } }));
  // ONNX Runtime begins with what the last of a graph's ends needs: the first value's shape comes last, so that each
  // value can go as soon as its shape is known.
  const traced = {
    ...model,
    graph: { ...graph, nodes: [...graph.nodes, ...shapeNodes.reverse()], outputs, valueInfo: [] },
  };
  const session = await createSession(traced, open, { optimization: "disabled" });
  try {
    for (const [name, value] of await session.run(feeds)) {
      const of = shapeOf.get(name);
      if (of !== undefined) dims.set(of, numbersOf(value));
      else {
        dims.set(name, value.dims);
        types.set(name, value.dataType);
        if (elementCount(value.dims) <= MOST_KNOWN) known.set(name, numbersOf(value));
      }
    }
  } finally {
    await session.release();
  }
  return { dims, types, known, opset: model.opsets[""] ?? 1 };
}

/**
 * Whether a value, by what is known of its shape before it runs, has so few elements that it may be a shape, an index
 * or a condition.
 */
function fewElements({ graph, opsets }: Model, feeds: Feeds): (value: string, type: DataType) => boolean {
  const shapes = shapesFor({ graph, opsets }, feeds);
  const tainted = taintedValues(graph);
  return (value, type) => {
    const shape = shapes.get(value);
    const narrow = NARROW.has(type);
    // Of unknown size: quantised values are activations, wider ones more often indices.
    if (!shape?.every((dim): dim is number => typeof dim === "number")) return !narrow;
    return elementCount(shape) <= (narrow ? MOST_NARROW : tainted.has(value) ? MOST_DECIDED : MOST_KNOWN);
  };
}

function isSmallInteger(type: DataType, dims: readonly number[]): boolean {
  return (
    !isFloat(type) &&
    type !== "string" &&
    type !== "undefined" &&
    !type.startsWith("complex") &&
    elementCount(dims) <= MOST_KNOWN
  );
}

/** Inputs whose float values decide how an operator works. */
const SHAPING_FLOATS: Readonly<Record<string, readonly number[]>> = {
  // The region and the scales.
  Resize: [1, 2],
  Upsample: [1],
  // Its lower bound makes it a rectifier.
  Clip: [1],
  // A ratio of 0 drops nothing.
  Dropout: [1],
  // Whole exponents take negative numbers.
  Pow: [1],
  // Regions decide the sampling, where it is not given.
  RoiAlign: [1],
};

function shapingFloats(graph: Graph): Set<string> {
  const shaping = new Set<string>();
  for (const { opType, inputs, attributes } of graph.nodes) {
    if (!Object.hasOwn(SHAPING_FLOATS, opType) || (opType === "RoiAlign" && attributes.sampling_ratio)) continue;
    for (const place of SHAPING_FLOATS[opType]) if (inputs[place]) shaping.add(inputs[place]);
  }
  return shaping;
}
