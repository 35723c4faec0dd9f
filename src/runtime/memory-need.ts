import { captured, differentiate, neededFor, reachedFrom } from "../autodiff/differentiate.ts";
import { gradientRules } from "../autodiff/rules/index.ts";
import type { Builder } from "../autodiff/builder.ts";
import type { Specialised } from "../autodiff/specialise.ts";
import { TooLargeError } from "../model/errors.ts";
import { BITS, elementCount, type Graph, type Model, type Node } from "../model/graph.ts";
import { inferShapes } from "../model/shapes/infer.ts";
import { inferTypes } from "../model/types.ts";
import type { MemoryBudget } from "./memory.ts";
import type { OpenModel } from "../model/onnx/index.ts";
import type { Feeds } from "./ort.ts";

const MEBI = 2 ** 20;
/**
 * Measured on networks of 1 to 145 MB, alone and in batches of 2 to 32, as the peak of the process: Node and ONNX Runtime with nothing loaded; the
 * weights in the file's buffer, in sessions that run forward and back and packed for kernels; a further session for batches.
 */
const [PROCESS, WEIGHTS, WEIGHTS_OF_BATCHES] = [120 * MEBI, 5, 4];
/**
 * What a run takes for what lives at once: ONNX Runtime's fastest layouts hold much of it twice. A U-Net at 512×512 and 1024×1024 took 2.03 times as much
 * with them, 1.22 without (1.35 in 8 bits), and a tenth more processor time: so large runs do without.
 */
const [FASTEST, FRUGAL, LARGE] = [2.2, 1.4, 256 * MEBI];

/** How a graph whose values take so much at once is optimised. */
export function optimizationFor(live: number): "all" | "basic" {
  return live > LARGE ? "basic" : "all";
}

/** Bytes that a run takes beside its session, by what lives at once. */
export function runBytes(live: number): number {
  return (live > LARGE ? FRUGAL : FASTEST) * live;
}

/** What running a model forward and back takes, in bytes. */
export interface MemoryNeed {
  /** The process with runs made one by one. */
  readonly alone: number;
  /** A session for batches, whatever their size. */
  readonly session: number;
  /** Each entry of a batch. */
  readonly each: number;
}

/** Estimated from the file's size and the shapes of one entry: all that lives at once while the graph runs forward and back. */
export function memoryNeed(model: { readonly open: OpenModel }, specialised: Specialised, request: { readonly of: string; readonly wrt: readonly string[]; readonly fetch?: readonly string[] }): MemoryNeed {
  const weights = model.open.size.file + model.open.size.external;
  const each = runBytes(gradientBytes(specialised, request));
  return { alone: PROCESS + WEIGHTS * weights + each, session: WEIGHTS_OF_BATCHES * weights, each };
}

/** With a batch of so many entries. */
export function needOf({ alone, session, each }: MemoryNeed, batch: number): number {
  return batch > 1 ? alone + session + batch * each : alone;
}

/** The most that the values of a gradient graph take at once. */
function gradientBytes(specialised: Specialised, { of, wrt, fetch = [] }: { readonly of: string; readonly wrt: readonly string[]; readonly fetch?: readonly string[] }): number {
  const g = specialised.g.fork();
  const seed = g.fresh("seed");
  g.declare(seed, g.shape(of));
  const gradients = differentiate(g, specialised.forward, { of, seed, wrt, rules: gradientRules, types: (value) => specialised.typeOf(value), known: specialised.known });
  const results = [...[...gradients.values()].filter((value) => value !== undefined), ...fetch];
  return liveBytesOf(g, specialised, neededFor(results, g.nodes), results, [seed]);
}

/** The most that the values of a specialised graph's nodes take at once; `fed`: what it is fed beside the model's inputs. */
export function liveBytesOf(g: Builder, specialised: Specialised, nodes: readonly Node[], results: readonly string[], fed: readonly string[]): number {
  const varying = reachedFrom([...specialised.tainted, ...fed], nodes, () => true);
  return liveBytes(nodes, results, (value) => {
    // What follows from weights alone is made once, with the session.
    if (!varying.has(value) || !g.has(value)) return 0;
    return (elementCount(g.shape(value)) * BITS[g.typeOf(value) ?? specialised.typeOf(value) ?? "float32"]) / 8;
  });
}

/** The most that the values between a model's inputs and `results` take at once, as far as their shapes follow from those of the feeds without running it. */
export function forwardBytes({ opsets }: Pick<Model, "opsets">, graph: Graph, feeds: Feeds, results: readonly string[]): number {
  const inputs = graph.inputs.map((input) => (feeds[input.name] ? { ...input, type: { kind: "tensor" as const, dataType: feeds[input.name].dataType, dims: feeds[input.name].dims } } : input));
  const shapes = inferShapes({ graph: { ...graph, inputs }, opsets });
  const types = inferTypes(graph);
  const weights = new Set(graph.initializers.map(({ name }) => name));
  // ONNX Runtime computes with the quantised values: what DequantizeLinear gives need not exist.
  const unmade = new Set(graph.nodes.flatMap(({ opType, outputs }) => (opType === "DequantizeLinear" ? outputs : [])));
  return liveBytes(neededFor(results, graph.nodes), results, (value) => {
    const shape = shapes.get(value);
    if (weights.has(value) || unmade.has(value) || !shape?.every((dim): dim is number => typeof dim === "number")) return 0;
    return (elementCount(shape) * BITS[types.get(value) ?? "float32"]) / 8;
  });
}

/** The most that values take at once, each from where it is made to where it is last used. `size`: bytes, 0 for what no run makes. */
function liveBytes(nodes: readonly Node[], results: readonly string[], size: (value: string) => number): number {
  const owner = owners(nodes);
  const lastUse = new Map<string, number>();
  nodes.forEach((node, index) => { for (const input of uses(node)) lastUse.set(owner(input), index); });
  for (const result of results) lastUse.set(owner(result), nodes.length);
  const ending = Array.from({ length: nodes.length + 1 }, () => 0);
  let [live, most] = [0, 0];
  nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      if (output === "" || owner(output) !== output) continue;
      const bytes = size(output);
      live += bytes;
      ending[lastUse.get(output) ?? index] += bytes;
    }
    most = Math.max(most, live);
    live -= ending[index];
  });
  return most;
}

/**
 * Makes room for a session and its runs, before any of it is made: others that are only kept go first. TooLargeError, with a figure and what to change, where
 * even all of the budget does not hold it. `live`: what its values take at once, in bytes.
 */
export function admit(budget: MemoryBudget, open: OpenModel, live: number, what: string): void {
  const need = WEIGHTS * (open.size.file + open.size.external) + runBytes(live);
  const { limit } = budget;
  if (need > limit) {
    throw new TooLargeError(`${what} takes about ${megabytes(need)}, more than the ${megabytes(limit)} that it may take (${budget.isSet ? "the memory budget" : "half of what is available"}).`, "memory",
      `Give the model a smaller input, close other programs, or allow more: ${roundedUp(need)} MB by the setting neuralLoupe.memoryBudget, or by NEURAL_LOUPE_MEMORY on the command line.`);
  }
  budget.makeRoom(need);
}

/** Operators whose output is their input's memory. */
const VIEWS: ReadonlySet<string> = new Set(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"]);

/** Whose memory a value is. */
function owners(nodes: readonly Node[]): (value: string) => string {
  const owner = new Map<string, string>();
  for (const { opType, inputs, outputs } of nodes) if (VIEWS.has(opType) && outputs.length === 1) owner.set(outputs[0], owner.get(inputs[0]) ?? inputs[0]);
  return (value) => owner.get(value) ?? value;
}

function uses(node: Node): readonly string[] {
  return [...node.inputs, ...captured(node)];
}

/** Bytes for a sentence: "1,240 MB". */
export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / MEBI).toLocaleString("en")} MB`;
}

/** A round figure, in MB, that holds so many bytes. */
export function roundedUp(bytes: number): number {
  const figure = Math.ceil(bytes / MEBI);
  const step = figure < 1024 ? 64 : 256;
  return Math.ceil(figure / step) * step;
}
