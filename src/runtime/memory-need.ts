import { differentiate, neededFor } from "../autodiff/differentiate.ts";
import { gradientRules } from "../autodiff/rules/index.ts";
import type { Specialised } from "../autodiff/specialise.ts";
import { TooLargeError } from "../model/errors.ts";
import { BITS, elementCount, type Graph, type Model } from "../model/graph.ts";
import { inferTypes } from "../model/types.ts";
import { liveBytes } from "./live.ts";
import type { MemoryBudget } from "./memory.ts";
import type { OpenModel } from "../model/open.ts";
import { executionOrder } from "./order.ts";
import type { Feeds } from "./ort.ts";
import { planRun } from "./run-plan.ts";
import { formatMemory } from "../protocol/format.ts";
import { shapesFor } from "./fed-shapes.ts";

const MEBI = 2 ** 20;
/**
 * Measured on networks of 1 to 145 MB, alone and in batches of 2 to 32, as the peak of the process: Node and ONNX
 * Runtime with nothing loaded; the weights in the file's buffer, in sessions that run forward and back and packed for
 * kernels; a further session for batches.
 */
const [PROCESS, WEIGHTS, WEIGHTS_OF_BATCHES] = [120 * MEBI, 5, 4];
/** What a plain run takes for what lives at once: ONNX Runtime's fastest layouts hold much of it twice. */
const [SMALL, MUCH, LARGE] = [2.2, 1.4, 256 * MEBI];

/** Bytes that a plain run takes beside its session, by what lives at once. */
export function plainRunBytes(live: number): number {
  return (live > LARGE ? MUCH : SMALL) * live;
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

/**
 * Estimated from the file's size and the shapes of one entry: all that lives at once while the graph runs forward and
 * back.
 */
export function memoryNeed(
  model: { readonly open: OpenModel },
  specialised: Specialised,
  request: { readonly of: string; readonly wrt: readonly string[]; readonly fetch?: readonly string[] },
): MemoryNeed {
  const weights = model.open.size.file + model.open.size.external;
  const each = gradientBytes(specialised, request);
  return { alone: PROCESS + WEIGHTS * weights + each, session: WEIGHTS_OF_BATCHES * weights, each };
}

/** With a batch of so many entries. */
export function needOf({ alone, session, each }: MemoryNeed, batch: number): number {
  return batch > 1 ? alone + session + batch * each : alone;
}

/** What a run of a gradient graph takes beside its session. */
function gradientBytes(
  specialised: Specialised,
  { of, wrt, fetch = [] }: { readonly of: string; readonly wrt: readonly string[]; readonly fetch?: readonly string[] },
): number {
  const g = specialised.g.fork();
  const seed = g.fresh("seed");
  g.declare(seed, g.shape(of));
  const gradients = differentiate(g, specialised.forward, {
    of,
    seed,
    wrt,
    rules: gradientRules,
    types: (value) => specialised.typeOf(value),
    known: specialised.known,
  });
  const results = [...[...gradients.values()].filter((value) => value !== undefined), ...fetch];
  return planRun(g, specialised, specialised.graphFor(g, results), [seed]).bytes;
}

/**
 * The most that the values between a model's inputs and `results` take at once, as far as their shapes follow from
 * those of the feeds without running it.
 */
export function forwardBytes(
  { opsets }: Pick<Model, "opsets">,
  graph: Graph,
  feeds: Feeds,
  results: readonly string[],
): number {
  const shapes = shapesFor({ graph, opsets }, feeds);
  const types = inferTypes(graph);
  const weights = new Set(graph.initializers.map(({ name }) => name));
  // ONNX Runtime computes with the quantised values: what DequantizeLinear gives need not exist.
  const unmade = new Set(graph.nodes.flatMap(({ opType, outputs }) => (opType === "DequantizeLinear" ? outputs : [])));
  return liveBytes(executionOrder(neededFor(results, graph.nodes)), results, (value) => {
    const shape = shapes.get(value);
    if (weights.has(value) || unmade.has(value) || !shape?.every((dim): dim is number => typeof dim === "number"))
      return 0;
    return (elementCount(shape) * BITS[types.get(value) ?? "float32"]) / 8;
  });
}

/**
 * Makes room for a session and its runs, before any of it is made: others that are only kept go first. TooLargeError,
 * with a figure and what to change, where even all of the budget does not hold it. `run`: what a run takes beside the
 * session, in bytes.
 */
export function admit(budget: MemoryBudget, open: OpenModel, run: number, what: string): void {
  const need = WEIGHTS * (open.size.file + open.size.external) + run;
  const { limit } = budget;
  if (need > limit) {
    throw new TooLargeError(
      `${what} needs about ${formatMemory(need)}, more than the limit of ${formatMemory(limit)} (${budget.isSet ? "the memory budget" : "half of the available memory"}).`,
      "memory",
      `Use a smaller input, close other programs, or raise the limit to ${roundedUp(need)} MB with the setting neuralLoupe.memoryBudget, or NEURAL_LOUPE_MEMORY on the command line.`,
    );
  }
  budget.makeRoom(need);
}

/** A round figure, in MB, that holds so many bytes. */
export function roundedUp(bytes: number): number {
  const figure = Math.ceil(bytes / MEBI);
  const step = figure < 1024 ? 64 : 256;
  return Math.ceil(figure / step) * step;
}
