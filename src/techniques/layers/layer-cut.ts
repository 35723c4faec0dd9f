import { captured } from "../../autodiff/differentiate.ts";
import type { Graph, Node } from "../../model/graph.ts";
import { hasValue, type LoadedModel } from "../../runtime/models.ts";
import { fromFloat32, type Feeds } from "../../runtime/ort.ts";
import { cutAt } from "../../runtime/rewrite.ts";
import { withInput } from "../framework/input-gradient.ts";
import type { SampleContext, LayerInfo } from "../framework/technique.ts";

/** The model from a layer on. */
export interface FromLayer {
  readonly model: LoadedModel;
  /** What it is fed: the layer's value, and what goes around the layer as it is for `feeds`. */
  feeds(feeds: Feeds, value: Float32Array): Promise<Feeds>;
}

/**
 * The part of the model that follows a layer, whose value becomes an input. What else that part takes (a residual's
 * other branch) is run once.
 */
export async function modelFrom(context: SampleContext, layer: LayerInfo): Promise<FromLayer> {
  const { model } = context;
  if (layer.value === context.input.name)
    return { model, feeds: (feeds, value) => Promise.resolve(withInput(context, value, feeds)) };
  const { specialised, trace, graph, key } = await context.traced();
  const isInside = !hasValue(model.model.graph, layer.value);
  if (isInside)
    context.note(`"${layer.value}" is inside a branch or a loop: the rest of the model takes the path of this input.`);
  const beside = takenBeside(isInside ? graph : model.model.graph, layer.value).filter((value) =>
    specialised.tainted.has(value),
  );
  const open = model.description.inputs.every(({ dims = [] }) => dims.length > 0 && typeof dims[0] !== "number");
  const typeOf = (value: string) => {
    const dims = trace.dims.get(value) ?? [];
    return {
      dataType: trace.types.get(value) ?? ("float32" as const),
      dims: open && dims[0] === 1 ? [null, ...dims.slice(1)] : dims,
    };
  };
  const types = [layer.value, ...beside].map((value) => [value, typeOf(value)] as const);
  const from = model.derive(`from:${JSON.stringify([isInside ? key : "", types])}`, (whole) =>
    types.reduce((cut, [value, type]) => cutAt(cut, value, type), isInside ? { ...whole, graph } : whole),
  );
  const names = new Set(from.description.inputs.map(({ name }) => name));
  const needed = beside.filter((value) => names.has(value));
  return {
    model: from,
    async feeds(feeds, value) {
      const given = needed.length > 0 ? await model.forward(feeds, needed) : [];
      const own = [layer.value, fromFloat32(typeOf(layer.value).dataType, layer.dims, value)] as const;
      return Object.fromEntries([...Object.entries(feeds).filter(([name]) => names.has(name)), ...given, own]);
    },
  };
}

/** Whether anything gets from the input to the score without passing through the layer. */
export async function goesAround(context: SampleContext, layer: LayerInfo): Promise<boolean> {
  if (layer.value === context.input.name) return false;
  const { graph } = await context.traced();
  const { value } = await context.score();
  return follows(
    graph.nodes.filter(({ outputs }) => !outputs.includes(layer.value)),
    context.input.name,
  ).has(value);
}

/** Values that nodes after `value` take and that none of them makes. */
function takenBeside(graph: Graph, value: string): string[] {
  const after = follows(graph.nodes, value);
  const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  const taken = graph.nodes.filter((node) => uses(node).some((input) => after.has(input))).flatMap(uses);
  return [...new Set(taken)].filter((input) => !after.has(input) && made.has(input));
}

/** `value`, and all that depends on it. */
function follows(nodes: readonly Node[], value: string): Set<string> {
  const found = new Set([value]);
  for (const node of nodes)
    if (uses(node).some((input) => found.has(input)))
      for (const output of node.outputs) if (output !== "") found.add(output);
  return found;
}

function uses(node: Node): readonly string[] {
  return [...node.inputs, ...captured(node)];
}
