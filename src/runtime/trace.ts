import { Specialised, type Trace } from "../autodiff/specialise.ts";
import { countTrips, straighten } from "../autodiff/straighten.ts";
import { elementCount, isFloat, type DataType, type Graph, type Model, type Node } from "../model/graph.ts";
import type { OpenModel } from "../model/onnx/index.ts";
import { toNumbers } from "../model/tensor.ts";
import { inferTypes } from "../model/types.ts";
import { createSession, numbersOf, type Feeds } from "./ort.ts";

/** Integers up to this many are kept as numbers: more is data, not a shape. */
const MOST_KNOWN = 1 << 20;
/** Branches inside branches: no model nests deeper than this. */
const MOST_ROUNDS = 64;

/**
 * Runs the model once on `feeds` and makes it a straight line for what was seen. `model` has its functions inlined and its
 * Constants lifted. Activations are not kept: of float values only the shapes are fetched.
 */
export async function specialise(model: Model, open: OpenModel, feeds: Feeds): Promise<{ specialised: Specialised; trace: Trace; graph: Graph; conditions: readonly string[] }> {
  const opset = model.opsets[""] ?? 1;
  let graph = model.graph;
  const conditions: string[] = [];
  for (let round = 0; ; round++) {
    graph = countTrips(graph);
    const trace = await traceGraph({ ...model, graph }, open, feeds);
    const straightened = straighten(graph, trace);
    conditions.push(...straightened.conditions);
    if (!straightened.changed || round >= MOST_ROUNDS) {
      return { specialised: new Specialised(graph, opset, trace, (tensor) => open.bytesOf(tensor), conditions), trace, graph, conditions };
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
    if (isSmallInteger(feed.dataType, feed.dims) || (shaping.has(name) && elementCount(feed.dims) <= 1024)) known.set(name, numbersOf(feed));
  }
  for (const tensor of graph.initializers) {
    dims.set(tensor.name, tensor.dims);
    // A constant of one element may say what an operator is: 1 over x is an inverse.
    const wanted = isSmallInteger(tensor.dataType, tensor.dims) || (isFloat(tensor.dataType) && elementCount(tensor.dims) <= (shaping.has(tensor.name) ? 1024 : 1));
    if (wanted && tensor.problem === undefined) known.set(tensor.name, toNumbers(tensor, open.bytesOf(tensor)));
  }

  const shapeNodes: Node[] = [];
  const shapeOf = new Map<string, string>();
  const whole: string[] = [];
  for (const output of new Set(graph.nodes.flatMap((node) => node.outputs))) {
    const type = types.get(output);
    if (output === "" || type === undefined) continue;
    if ((!isFloat(type) && type !== "string") || shaping.has(output)) whole.push(output);
    else {
      const shape = `loupe.shape.${shapeNodes.length}`;
      shapeOf.set(shape, output);
      shapeNodes.push({ name: "", opType: "Shape", domain: "", inputs: [output], outputs: [shape], attributes: {} });
    }
  }
  if (shapeOf.size + whole.length === 0) return { dims, types, known, opset: model.opsets[""] ?? 1 };
  const outputs = [...shapeOf.keys(), ...whole].map((name) => ({ name, type: { kind: "unknown" as const } }));
  const traced = { ...model, graph: { ...graph, nodes: [...graph.nodes, ...shapeNodes], outputs, valueInfo: [] } };
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

function isSmallInteger(type: DataType, dims: readonly number[]): boolean {
  return !isFloat(type) && type !== "string" && type !== "undefined" && !type.startsWith("complex") && elementCount(dims) <= MOST_KNOWN;
}

/** Float values that decide how an operator works: Resize's region and scales, Upsample's scales; Clip's lower bound, which makes it a rectifier; Dropout's ratio, of which 0 drops nothing; RoiAlign's regions where they decide the sampling. */
function shapingFloats(graph: Graph): Set<string> {
  const shaping = new Set<string>();
  for (const { opType, inputs, attributes } of graph.nodes) {
    const places = opType === "Resize" ? [1, 2] : opType === "Upsample" || opType === "Clip" || opType === "Dropout" || (opType === "RoiAlign" && !attributes.sampling_ratio) ? [1] : [];
    for (const place of places) if (inputs[place]) shaping.add(inputs[place]);
  }
  return shaping;
}
