import { isFloat, type Node } from "../../model/graph.ts";
import { floatsOf, numbersOf } from "../../runtime/ort.ts";
import { scoreOf } from "../../runtime/score.ts";
import { inputFault } from "./input-faults.ts";
import { causeOf, faultOf, named, steepness, type Numbers } from "./not-finite.ts";
import type { SampleContext } from "./technique.ts";

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
const notFinite: Fault = (values) => {
  const fault = faultOf(values);
  return fault && WORDS[fault];
};

/**
 * Where values or gradients that are not finite began, the input being finite: at the first layer, in the model's
 * order, whose output is not finite; where all outputs are, beyond float32, in which gradients run; else at the first
 * value on the way back from the score. Undefined where none is found.
 */
export async function whereNotFinite(context: SampleContext): Promise<Diagnosis | undefined> {
  const forward = await whereForward(context, context.output.value);
  if (forward) return forward;
  const layers = await layersBefore(context, (await context.score()).value);
  const found = await onTheWayBack(context, layers, notFinite);
  if (!found) return undefined;
  const { graph } = await context.traced();
  const consumers = graph.nodes.filter(({ inputs }) => inputs.includes(found.value));
  return {
    place: `All layer outputs are finite; in the backward pass, the gradient is first ${found.fault} at the output of ${named(found.node)}.${steepness(consumers)}`,
    hint: "Choose another input, or explain a layer after this node.",
  };
}

/**
 * What to say of a run whose numbers are not finite somewhere that shows: the model's own output, the score that a
 * softmax or sigmoid hides (it makes 1 of infinity), a layer's values, or something on the way that made a gradient
 * zero. Undefined where nothing is. −∞ alone is a mask, or the logarithm of 0.
 */
export async function brokenValues(
  context: SampleContext & { readonly usedScore?: { readonly value: string } | undefined },
  shown: { readonly result?: Float32Array; readonly isZero?: boolean },
): Promise<string | undefined> {
  if (inputFault(context.feeds) !== undefined) return undefined;
  const what =
    broken(
      context.output.values,
      (word) => `The model's own output "${context.output.name}" has values that are ${word}.`,
    ) ??
    (shown.result && broken(shown.result, (word, where) => `The result has values that are ${word}${where}.`)) ??
    (await hiddenScore(context));
  if (what === undefined && !shown.isZero) return undefined;
  const found = await whereForward(context, context.output.value);
  if (what === undefined) return found && `Values inside the model are not finite. ${said(found)}`;
  const { trace } = await context.traced();
  const reduced = [...new Set(trace.types.values())].filter((type) => type === "float16" || type === "bfloat16");
  const derived =
    reduced.length === 0
      ? ""
      : ` The model computes in ${reduced.join(" and ")}; gradients are computed in float32 and may still be finite.`;
  return `${what}${found ? ` ${said(found)}` : ""}${derived}`;
}

/**
 * What to say of values that were fetched from a model and are not finite, with where that began; undefined where they
 * are.
 */
export async function brokenFetch(ran: Ran, value: string, values: Float32Array): Promise<string | undefined> {
  const what = broken(values, (word, where) => `"${value}" holds values that are ${word}${where}.`);
  if (what === undefined || inputFault(ran.feeds) !== undefined) return what;
  const found = await whereForward(ran, value).catch(() => undefined);
  return `${what}${found ? ` ${said(found)}` : ""}`;
}

function said({ place, hint }: Diagnosis): string {
  return hint === undefined ? place : `${place} ${hint}`;
}

function broken(values: Float32Array, sentence: (word: string, where: string) => string): string | undefined {
  const fault = faultOf(values);
  if (fault === undefined || (fault === "infinite" && !values.includes(Infinity))) return undefined;
  const count = values.reduce(
    (sum, value) => sum + (fault === "NaN" ? Number(Number.isNaN(value)) : Number(value === Infinity)),
    0,
  );
  return sentence(WORDS[fault], ` (${count} of ${values.length})`);
}

/**
 * An infinite logit behind a probability of exactly 1. Looked for where it is likely, or explained: it takes a run of
 * its own.
 */
async function hiddenScore({
  model,
  feeds,
  output,
  target,
  usedScore,
}: Parameters<typeof brokenValues>[0]): Promise<string | undefined> {
  if (output.meaning.form !== "as-is" || !target.at.some((place) => output.values[place] === 1)) return undefined;
  const { graph } = model.model;
  const isReduced = [
    ...graph.initializers.map(({ dataType }) => dataType),
    ...graph.inputs.map(({ type }) => (type.kind === "tensor" ? type.dataType : "")),
  ].some((type) => type === "float16" || type === "bfloat16");
  const { value } = scoreOf(graph, output.value, "logit");
  if (value === output.value || !(isReduced || usedScore)) return undefined;
  const scores = floatsOf((await model.forward(feeds, [value])).get(value)!);
  return broken(
    scores,
    (word, where) =>
      `The score "${value}" is ${word}${where}, which the output "${output.name}" does not show: it is 1 there.`,
  );
}

/** A run of a model, to look into. */
type Ran = Pick<SampleContext, "model" | "feeds" | "signal" | "traced">;

/** The same for the model's own values alone, before `end`: nothing is differentiated. */
async function whereForward(context: Ran, end: string): Promise<Diagnosis | undefined> {
  const layers = await layersBefore(context, end);
  let infinite: Layer | undefined;
  let beyond: Layer | undefined;
  for (const chunk of chunks(layers)) {
    context.signal.throwIfAborted();
    const values = await context.model
      .forward(
        context.feeds,
        chunk.map(({ value }) => value),
      )
      .catch(() => undefined);
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
  return (
    beyond && {
      place: `All layer outputs are finite in the model's own type, but those of ${named(beyond.node)} exceed the range of float32 (3.4e38), in which explanations are computed.`,
      hint: "Scale the input down, or explain a layer before this one.",
    }
  );
}

/**
 * Of a layer that is not finite, where that began: at itself, or at the first layer behind it whose infinite values it
 * takes.
 */
async function begun(context: Ran, layers: readonly Layer[], broken: Layer): Promise<Diagnosis> {
  const {
    graph,
    trace: { types },
    specialised: { tainted },
  } = await context.traced();
  for (let layer = broken; ;) {
    const { node, value } = layer;
    const [output, ...inputs] = await valuesOf(context, [value, ...node.inputs]);
    const fault = faultOf(output?.data ?? []) ?? "NaN";
    const cause =
      output &&
      causeOf({
        node,
        output,
        inputs,
        type: types.get(value) ?? "float32",
        isConstant: (name) => name !== "" && !tainted.has(name),
        maker: (name) => graph.nodes.find(({ outputs }) => outputs.includes(name)),
      });
    const before = cause?.isConsequence
      ? layers.find((one) =>
          node.inputs.some((input, index) => input === one.value && faultOf(inputs[index]?.data ?? []) !== undefined),
        )
      : undefined;
    if (!before)
      return {
        place: `The first layer whose output is ${WORDS[fault]} is ${named(node)}${cause ? `: ${cause.why}` : ""}.`,
        hint: cause?.hint,
      };
    layer = before;
  }
}

/** Values of a run of the model as it is; undefined for those that are no tensors of numbers. */
async function valuesOf(context: Ran, names: readonly string[]): Promise<(Numbers | undefined)[]> {
  const { trace } = await context.traced();
  const wanted = [...new Set(names.filter((name) => name !== "" && (trace.types.get(name) ?? "float32") !== "string"))];
  const values = await context.model.forward(context.feeds, wanted).catch(() => undefined);
  return names.map((name) => {
    const value = values?.get(name);
    return value && { dims: value.dims, data: numbersOf(value) };
  });
}

/** Where a gradient that is zero everywhere began: the first value on the way back from the score at which it is. */
export async function whereZero(context: SampleContext): Promise<string | undefined> {
  const found = await onTheWayBack(context, await layersBefore(context, (await context.score()).value), (values) =>
    values.every((value) => value === 0) ? "zero" : undefined,
  );
  return found && `In the backward pass, the gradient is first zero everywhere at the output of ${named(found.node)}.`;
}

interface Layer {
  readonly node: Node;
  readonly value: string;
}

/** Float values that the input decides and the value `end` depends on, in the model's order. */
async function layersBefore(context: Ran, end: string): Promise<Layer[]> {
  const { graph, trace, specialised } = await context.traced();
  const needed = new Set([end]);
  const layers: Layer[] = [];
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) needed.add(input);
    for (const value of node.outputs) {
      if (
        value !== "" &&
        needed.has(value) &&
        specialised.tainted.has(value) &&
        specialised.g.has(value) &&
        isFloat(trace.types.get(value) ?? "float32")
      )
        layers.push({ node, value });
    }
  }
  return layers.reverse();
}

async function onTheWayBack(
  context: SampleContext,
  layers: readonly Layer[],
  faultOf: Fault,
): Promise<(Layer & { fault: string }) | undefined> {
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
  return Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, index) =>
    items.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  );
}
