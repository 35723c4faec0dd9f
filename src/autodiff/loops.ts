import type { Attribute, Graph, Node, TensorRef } from "../model/graph.ts";
import { freeName, namesIn } from "../model/names.ts";
import { int64List, scalar } from "../model/tensor.ts";
import { inferTypes } from "../model/types.ts";
import { isFloat } from "../model/graph.ts";
import { renamed, renaming, type Straightened } from "./branches.ts";
import type { Trace } from "./specialise.ts";
import { lastOperator } from "./stacked-scores.ts";

/**
 * An unrolled loop of more nodes than this would take minutes to become a gradient graph; it stays, without gradient.
 */
export const MOST_UNROLLED = 20_000;

const TRIPS = "loupe.trips";

/** Gives each Loop of a graph one more output that the trace reads: the numbers of the iterations that ran. */
export function countTrips(graph: Graph): Graph {
  return {
    ...graph,
    nodes: graph.nodes.map((node, index) => {
      const body = bodyOf(node);
      if (node.opType !== "Loop" || !body || node.outputs.some((output) => output.startsWith(TRIPS))) return node;
      const iteration = `${TRIPS}.iteration.${index}`;
      const counted: Graph = {
        ...body,
        nodes: [
          ...body.nodes,
          {
            name: "",
            opType: "Identity",
            domain: "",
            inputs: [body.inputs[0].name],
            outputs: [iteration],
            attributes: {},
          },
        ],
        outputs: [...body.outputs, { name: iteration, type: { kind: "tensor", dataType: "int64", dims: [] } }],
      };
      const outputs = Array.from({ length: body.outputs.length - 1 }, (_, output) => node.outputs[output] ?? "");
      return {
        ...node,
        outputs: [...outputs, `${TRIPS}.${index}`],
        attributes: { ...node.attributes, body: { type: "graph" as const, value: counted } },
      };
    }),
  };
}

/** Puts the iterations of each Loop and Scan that makes floats in its place, one after another. */
export function unrollLoops(graph: Graph, trace: Trace): Straightened {
  const unroller = new Unroller(graph, trace);
  const nodes = graph.nodes.flatMap((node) => unroller.node(node) ?? [node]);
  const { initializers, conditions, changed } = unroller;
  return {
    graph: changed ? { ...graph, nodes, initializers: [...graph.initializers, ...initializers] } : graph,
    conditions,
    changed,
  };
}

class Unroller {
  readonly initializers: TensorRef[] = [];
  readonly conditions: string[] = [];
  changed = false;
  private readonly taken: Set<string>;
  private readonly types: ReadonlyMap<string, string>;

  constructor(
    graph: Graph,
    private readonly trace: Trace,
  ) {
    this.taken = namesIn(graph);
    this.types = inferTypes(graph);
  }

  /** The nodes in place of a Loop or Scan; undefined where it stays. */
  node(node: Node): Node[] | undefined {
    const body = bodyOf(node);
    if (!body || node.domain !== "" || (node.opType !== "Loop" && node.opType !== "Scan")) return undefined;
    const floats = node.outputs.some(
      (output) => output !== "" && isFloat((this.types.get(output) ?? "float32") as "float32"),
    );
    const made = !floats ? undefined : node.opType === "Loop" ? this.loop(node, body) : this.scan(node, body);
    if (made) this.changed = true;
    return made;
  }

  private loop(node: Node, body: Graph): Node[] | undefined {
    const trips = this.trace.dims.get(node.outputs.find((output) => output.startsWith(TRIPS)) ?? "")?.[0];
    if (trips === undefined || trips * body.nodes.length > MOST_UNROLLED) return undefined;
    const carriedCount = body.inputs.length - 2;
    const nodes: Node[] = [];
    let carried = node.inputs.slice(2, 2 + carriedCount);
    let going = node.inputs[1] ?? "";
    if (going !== "") this.conditions.push(going);
    if (node.inputs[0]) this.conditions.push(node.inputs[0]);
    const collected: string[][] = body.outputs.slice(1 + carriedCount).map(() => []);
    for (let trip = 0; trip < trips; trip++) {
      const iteration = this.constant(`${TRIPS}.number`, (name) => scalar(name, "int64", trip));
      const condition = going === "" ? this.constant(`${TRIPS}.true`, (name) => scalar(name, "bool", 1)) : going;
      const outputs = this.copy(body, [iteration, condition, ...carried], nodes);
      going = outputs[0];
      // Whether it went on was decided here, by what the body computed.
      this.conditions.push(going);
      carried = outputs.slice(1, 1 + carriedCount);
      outputs.slice(1 + carriedCount).forEach((value, index) => collected[index].push(value));
    }
    node.outputs.forEach((output, index) => {
      if (output === "" || output.startsWith(TRIPS)) return;
      if (index < carriedCount) nodes.push(identity(carried[index], output));
      else this.stack(collected[index - carriedCount], output, 0, nodes);
    });
    return trips === 0 && node.outputs.slice(carriedCount).some((output) => output !== "" && !output.startsWith(TRIPS))
      ? undefined
      : nodes;
  }

  private scan(node: Node, body: Graph): Node[] | undefined {
    const scanned = attribute(node, "num_scan_inputs") ?? 0;
    const states = node.inputs.length - scanned;
    if (states < 0 || body.inputs.length !== node.inputs.length) return undefined;
    const outputsScanned = body.outputs.length - states;
    const list = (name: string, count: number): number[] => {
      const given = ints(node, name);
      return Array.from({ length: count }, (_, index) => given?.[index] ?? 0);
    };
    const [inDirections, outDirections] = [
      list("scan_input_directions", scanned),
      list("scan_output_directions", outputsScanned),
    ];
    const [inAxes, outAxes] = [list("scan_input_axes", scanned), list("scan_output_axes", outputsScanned)];
    const inputs = node.inputs.slice(states);
    const dims = inputs.map((input) => this.trace.dims.get(input));
    if (scanned === 0 || dims.some((shape) => shape === undefined)) return undefined;
    const axes = inAxes.map((axis, index) => (axis < 0 ? axis + dims[index]!.length : axis));
    const steps = dims[0]![axes[0]];
    if (steps === 0 || steps * body.nodes.length > MOST_UNROLLED) return undefined;
    const nodes: Node[] = [];
    let carried = node.inputs.slice(0, states);
    const collected: string[][] = Array.from({ length: outputsScanned }, () => []);
    for (let step = 0; step < steps; step++) {
      const slices = inputs.map((input, index) => {
        const at = this.constant(`${TRIPS}.place`, (name) =>
          scalar(name, "int64", inDirections[index] === 1 ? steps - 1 - step : step),
        );
        const slice = this.fresh(`${input}.step`);
        nodes.push({
          name: "",
          opType: "Gather",
          domain: "",
          inputs: [input, at],
          outputs: [slice],
          attributes: { axis: { type: "int", value: axes[index] } },
        });
        return slice;
      });
      const outputs = this.copy(body, [...carried, ...slices], nodes);
      carried = outputs.slice(0, states);
      outputs
        .slice(states)
        .forEach((value, index) =>
          outDirections[index] === 1 ? collected[index].unshift(value) : collected[index].push(value),
        );
    }
    node.outputs.forEach((output, index) => {
      if (output === "") return;
      if (index < states) nodes.push(identity(carried[index], output));
      else {
        const rank = this.trace.dims.get(output)?.length ?? 1;
        const axis = outAxes[index - states];
        this.stack(collected[index - states], output, axis < 0 ? axis + rank : axis, nodes);
      }
    });
    return nodes;
  }

  /** Adds the body's nodes with these inputs, and gives the names of its outputs. */
  private copy(body: Graph, inputs: readonly string[], nodes: Node[]): string[] {
    const given = new Map(body.inputs.map(({ name }, index) => [name, inputs[index] ?? ""]));
    const rename = renaming(body, this.taken, given);
    this.initializers.push(...body.initializers.map((tensor) => ({ ...tensor, name: rename(tensor.name) })));
    nodes.push(...body.nodes.map((inner) => renamed(inner, rename)));
    return body.outputs.map(({ name }) => rename(name));
  }

  /**
   * Values of the iterations along a new axis: by Unsqueeze and Concat (axes as an input since opset 13, an attribute
   * before).
   */
  private stack(values: readonly string[], output: string, axis: number, nodes: Node[]): void {
    const last = lastOperator(values, nodes, axis, this.trace.opset, (hint) => this.fresh(hint));
    if (last) {
      nodes.push(...last.shaping);
      const stacked = this.fresh(`${output}.scores`);
      this.stack(last.inputs, stacked, axis, nodes);
      nodes.push({ ...last.node, inputs: [stacked], outputs: [output] });
      return;
    }
    const parts = values.map((value) => {
      const part = this.fresh(`${value}.row`);
      nodes.push({ name: "", opType: "Unsqueeze", domain: "", ...this.unsqueezed(value, axis), outputs: [part] });
      return part;
    });
    nodes.push({
      name: "",
      opType: "Concat",
      domain: "",
      inputs: parts,
      outputs: [output],
      attributes: { axis: { type: "int", value: axis } },
    });
  }

  private unsqueezed(value: string, axis: number): { inputs: string[]; attributes: Record<string, Attribute> } {
    if (this.trace.opset < 13) return { inputs: [value], attributes: { axes: { type: "ints", value: [axis] } } };
    return { inputs: [value, this.constant(`${TRIPS}.axis`, (name) => int64List(name, [axis]))], attributes: {} };
  }

  private constant(hint: string, make: (name: string) => TensorRef): string {
    const name = this.fresh(hint);
    this.initializers.push(make(name));
    return name;
  }

  private fresh(hint: string): string {
    return freeName(hint, this.taken);
  }
}

function identity(from: string, to: string): Node {
  return { name: "", opType: "Identity", domain: "", inputs: [from], outputs: [to], attributes: {} };
}

function bodyOf(node: Node): Graph | undefined {
  const body = node.attributes.body;
  return body?.type === "graph" ? body.value : undefined;
}

function attribute(node: Node, name: string): number | undefined {
  const value = node.attributes[name];
  return value?.type === "int" ? value.value : undefined;
}

function ints(node: Node, name: string): readonly number[] | undefined {
  const value = node.attributes[name];
  return value?.type === "ints" ? value.value : undefined;
}
