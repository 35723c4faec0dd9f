import { isFloat, type Node } from "../model/graph.ts";
import { floatsOf, numbersOf } from "../runtime/ort.ts";
import { inputFault } from "./input-faults.ts";
import { causeOf, faultOf, named, steepness, type Numbers } from "./not-finite.ts";
import type { Context } from "./technique.ts";

/** Values fetched, or gradients taken, in one run: enough to be quick, few enough to fit beside each other. */
const AT_ONCE = 48;

/** What is wrong with some values: undefined where nothing is. */
type Fault = (values: Float32Array) => string | undefined;

/** Where numbers that are not finite began, in sentences, and what to do. */
export interface Diagnosis {
  readonly place: string;
  readonly hint?: string;
}

const WORDS = { NaN: "not a number (NaN)", infinite: "infinite" } as const;
const notFinite: Fault = (values) => { const fault = faultOf(values); return fault && WORDS[fault]; };

/**
 * Where values or gradients that are not finite began, the input being finite: at the first layer, in the model's order, whose output is not finite; where
 * all outputs are, beyond float32, in which gradients run; else at the first value on the way back from the score. Undefined where none is found.
 */
export async function whereNotFinite(context: Context): Promise<Diagnosis | undefined> {
  const forward = await whereForward(context);
  if (forward) return forward;
  const layers = await layersBefore(context);
  const found = await onTheWayBack(context, layers, notFinite);
  if (!found) return undefined;
  const { graph } = await context.traced();
  const consumers = graph.nodes.filter(({ inputs }) => inputs.includes(found.value));
  return {
    place: `All layers' outputs are finite; on the way back from the score, the gradient is first ${found.fault} at the output of ${named(found.node)}.${steepness(consumers)}`,
    hint: "Choose another input, or explain a layer behind this place.",
  };
}

/** What to say of a model whose own output is not finite: undefined where it is. −∞ alone is the logarithm of a probability of 0. */
export async function brokenOutput(context: Context): Promise<string | undefined> {
  const { name, values } = context.output;
  const fault = values.includes(Infinity) ? "infinite" : faultOf(values);
  if (fault === undefined || (fault === "infinite" && !values.includes(Infinity)) || inputFault(context.feeds) !== undefined) return undefined;
  const found = await whereForward(context);
  const { trace } = await context.traced();
  const reduced = [...new Set(trace.types.values())].filter((type) => type === "float16" || type === "bfloat16");
  const derived = reduced.length === 0 ? "" : ` The model computes in ${reduced.join(" and ")}; gradients run in float32 and may be finite all the same.`;
  return `The model's own output "${name}" has values that are ${WORDS[fault]}.${found ? ` ${found.place} ${found.hint ?? ""}` : ""}${derived}`;
}

/** The same for the model's own values alone: nothing is differentiated. */
async function whereForward(context: Context): Promise<Diagnosis | undefined> {
  const layers = await layersBefore(context);
  let infinite: Layer | undefined;
  let beyond: Layer | undefined;
  for (const chunk of chunks(layers)) {
    context.signal.throwIfAborted();
    const values = await context.model.forward(context.feeds, chunk.map(({ value }) => value)).catch(() => undefined);
    for (const layer of values ? chunk : []) {
      const value = values!.get(layer.value)!;
      const numbers = value.dataType === "float16" ? floatsOf(value) : (value.data as Float32Array | Float64Array);
      const fault = faultOf(numbers);
      if (fault === "NaN") return begun(context, layers, layer);
      // −∞ alone may be a mask.
      if (fault === "infinite" && numbers.includes(Infinity)) infinite ??= layer;
      if (fault === undefined && faultOf(floatsOf(value))) beyond ??= layer;
    }
  }
  if (infinite) return begun(context, layers, infinite);
  return beyond && {
    place: `All layers' outputs are finite in the model's own type, but those of ${named(beyond.node)} go beyond the range of float32 (3.4e38), in which explanations run.`,
    hint: "Scale the input down, or explain a layer before this one.",
  };
}

/** Of a layer that is not finite, where that began: at itself, or at the first layer behind it whose infinite values it takes. */
async function begun(context: Context, layers: readonly Layer[], broken: Layer): Promise<Diagnosis> {
  const { graph, trace: { types }, specialised: { tainted } } = await context.traced();
  for (let layer = broken; ;) {
    const { node, value } = layer;
    const [output, ...inputs] = await valuesOf(context, [value, ...node.inputs]);
    const fault = faultOf(output?.data ?? []) ?? "NaN";
    const cause = output && causeOf({
      node, output, inputs, type: types.get(value) ?? "float32", isConstant: (name) => name !== "" && !tainted.has(name), maker: (name) => graph.nodes.find(({ outputs }) => outputs.includes(name)),
    });
    const before = cause?.isConsequence ? layers.find((one) => node.inputs.some((input, index) => input === one.value && faultOf(inputs[index]?.data ?? []) !== undefined)) : undefined;
    if (!before) return { place: `The first layer whose output is ${WORDS[fault]} is ${named(node)}${cause ? `: ${cause.why}` : ""}.`, hint: cause?.hint };
    layer = before;
  }
}

/** Values of a run of the model as it is; undefined for those that are no tensors of numbers. */
async function valuesOf(context: Context, names: readonly string[]): Promise<(Numbers | undefined)[]> {
  const { trace } = await context.traced();
  const wanted = [...new Set(names.filter((name) => name !== "" && (trace.types.get(name) ?? "float32") !== "string"))];
  const values = await context.model.forward(context.feeds, wanted).catch(() => undefined);
  return names.map((name) => {
    const value = values?.get(name);
    return value && { dims: value.dims, data: numbersOf(value) };
  });
}

/** Where a gradient that is zero everywhere began: the first value on the way back from the score at which it is. */
export async function whereZero(context: Context): Promise<string | undefined> {
  const found = await onTheWayBack(context, await layersBefore(context), (values) => (values.every((value) => value === 0) ? "zero" : undefined));
  return found && `On the way back from the score, the gradient is first zero everywhere at the output of ${named(found.node)}.`;
}

interface Layer { readonly node: Node; readonly value: string }

/** Float values that the input decides and the score depends on, in the model's order. */
async function layersBefore(context: Context): Promise<Layer[]> {
  const { graph, trace, specialised } = await context.traced();
  const { value: score } = await context.score();
  const needed = new Set([score]);
  const layers: Layer[] = [];
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) needed.add(input);
    for (const value of node.outputs) {
      if (value !== "" && needed.has(value) && specialised.tainted.has(value) && specialised.g.has(value) && isFloat(trace.types.get(value) ?? "float32")) layers.push({ node, value });
    }
  }
  return layers.reverse();
}

async function onTheWayBack(context: Context, layers: readonly Layer[], faultOf: Fault): Promise<(Layer & { fault: string }) | undefined> {
  for (const chunk of chunks([...layers].reverse())) {
    context.signal.throwIfAborted();
    const { gradients } = await context.gradients({ wrt: chunk.map(({ value }) => value) });
    for (const { node, value } of chunk) {
      const gradient = gradients.get(value);
      const fault = gradient && faultOf(floatsOf(gradient));
      if (fault) return { node, value, fault };
    }
  }
  return undefined;
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, index) => items.slice(index * AT_ONCE, (index + 1) * AT_ONCE));
}
