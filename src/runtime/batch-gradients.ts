import { availableParallelism } from "node:os";
import { ModelError, NoGradientError, UsageError } from "../model/errors.ts";
import { alike, hasOpenBatch, joined, parted, repeat } from "./batch.ts";
import { memoryNeed, roundedUp, type MemoryNeed } from "./memory-need.ts";
import type { GradientRequest } from "./gradient.ts";
import type { LoadedModel } from "./models.ts";
import { floatsOf, fromFloat32, type Feeds, type TensorValue } from "./ort.ts";
import { formatMemory } from "../protocol/format.ts";

/** More entries than this gain nothing. */
const MOST = 32;
/**
 * A batch gains where a run spends its time on other things than arithmetic: where it takes less than this many
 * milliseconds for each processor. Measured on 2, a batch of 8 against one by one: 5 times faster for a small dense
 * network (0.05 ms a run), 1.2 to 1.5 times for small convolutional ones (1 to 5 ms), not at all for EfficientNet-Lite0
 * (70 ms), of which more entries only take more memory.
 */
const SHORT_RUN = 2.5;

export interface ManyGradients {
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  /** The float input whose values differ from run to run. */
  readonly varied: string;
  /** Its seed is one run's. */
  readonly request: GradientRequest;
  readonly count: number;
  /** The values of `varied` in run `index`; asked once for each, in order. */
  readonly point: (index: number) => Float32Array;
  /** MB that the process may take; 0: half of what is free. */
  readonly memory: number;
  /** So many runs at once, whether it pays or not: for tests and measurements. */
  readonly batch?: number;
  /** Before the run (or the first of a batch) of this index: stop here by throwing. */
  readonly before: (index: number) => Promise<void> | void;
  /** After each run, in order. */
  readonly each: (index: number, found: RunGradients) => void;
}

/**
 * What one run gave: gradients by the names of `wrt` (undefined: no dependence) and values by those of `fetch`, in the
 * shape that a single run has.
 */
export interface RunGradients {
  readonly gradients: ReadonlyMap<string, Float32Array | undefined>;
  readonly values: ReadonlyMap<string, Float32Array>;
}

/** How it went: the batch that ran, and the larger one that would have run, had the budget held it. */
export interface Batching {
  readonly batch: number;
  readonly unfit?: number;
  readonly need: MemoryNeed;
}

/**
 * Gradients for many values of an input: one by one, or in batches where the model's batch axis is open, runs are so
 * short that it pays, and what they keep fits the budget. A batch's entries must not mix: the first batch holds a run
 * that was made alone, too, and both must agree. UsageError where the budget does not hold a single run.
 */
export async function manyGradients(many: ManyGradients): Promise<Batching> {
  const { count, before, each } = many;
  const { need, fits } = await checkMemory(many);
  const pending: Float32Array[] = [];
  let [taken, done, largest, wanted] = [0, 0, 1, 1];
  const take = (): Float32Array => pending.shift() ?? many.point(taken++);
  const give = (found: readonly RunGradients[]): void => {
    for (const one of found) each(done++, one);
  };
  const alone = async (): Promise<{ copy: Float32Array; found: RunGradients; time: number }> => {
    await before(done);
    const copy = take();
    const start = performance.now();
    const found = await one(many, copy, need);
    const time = performance.now() - start;
    give([found]);
    return { copy, found, time };
  };

  // The first run opens the session; the second one's time is that of all others.
  const first = await alone();
  const known = count > 1 ? await alone() : first;
  if (done < count && hasOpenBatch(many.model, many.feeds)) {
    wanted = many.batch ?? batchThatPays(count - done, known.time, first.time - known.time);
    const size = evenly(count - done, Math.min(wanted, fits));
    if (size > 1) {
      await before(done);
      const copies = [known.copy, ...Array.from({ length: Math.min(size - 1, count - done) }, take)];
      const found = await together(many, copies, size).catch(refused);
      if (found && same(found[0], known.found)) {
        give(found.slice(1));
        largest = size;
      } else pending.push(...copies.slice(1));
    }
    // A rest that fills less than half of a batch runs alone.
    while (largest > 1 && 2 * (count - done) >= size) {
      await before(done);
      const copies = Array.from({ length: Math.min(size, count - done) }, take);
      const start = performance.now();
      const found = await together(many, copies, size).catch(refused);
      // Points that take paths of other lengths do not fit one graph: these, and what follows, run one by one.
      if (!found) {
        pending.push(...copies);
        break;
      }
      give(found);
      if (many.batch === undefined && performance.now() - start > known.time * copies.length) break;
    }
  }
  while (done < count) await alone();
  const limited = wanted > fits && (largest > 1 || fits === 1);
  return { batch: largest, ...(limited ? { unfit: wanted } : {}), need };
}

/**
 * The largest batch that fits; UsageError, with the figure and a setting that holds it, where the memory set does not
 * hold even one run.
 */
async function checkMemory({
  model,
  feeds,
  request,
  memory,
}: ManyGradients): Promise<{ need: MemoryNeed; fits: number }> {
  const { specialised } = await model.traced(feeds);
  const need = memoryNeed(model, specialised, request);
  const budget = memory > 0 ? memory * 2 ** 20 : model.budget.limit;
  // With nothing set, the model holds each of its runs against its budget.
  if (memory > 0 && need.alone > budget)
    throw tooLarge(need, memory, `more than the memory limit of ${formatMemory(budget)}`);
  return { need, fits: Math.max(1, Math.floor((budget - need.alone - need.session) / need.each)) };
}

function tooLarge(need: MemoryNeed, memory: number, than: string): UsageError {
  return new UsageError(
    `One forward and backward run of the model takes about ${formatMemory(need.alone)}, ${than}.`,
    "memory",
    memory > 0
      ? `Set memory to ${roundedUp(need.alone)} or more, or use a smaller input.`
      : "Close other programs or models, or use a smaller input.",
  );
}

/**
 * The batch to try for `left` runs of `time` ms, where a new session takes about `opening` ms: half of the time that is
 * left must be more than that.
 */
function batchThatPays(left: number, time: number, opening: number): number {
  const pays = time < SHORT_RUN * availableParallelism() && (left * time) / 2 > opening;
  return pays ? Math.min(MOST, left) : 1;
}

/** `left` in equal parts of at most `most`. */
function evenly(left: number, most: number): number {
  return Math.ceil(left / Math.ceil(left / most));
}

async function one(
  { model, feeds, varied, request, memory }: ManyGradients,
  copy: Float32Array,
  need: MemoryNeed,
): Promise<RunGradients> {
  const { dataType, dims } = feeds[varied];
  try {
    const { gradients, values } = await model.gradients(
      { ...feeds, [varied]: fromFloat32(dataType, dims, copy) },
      request,
    );
    return {
      gradients: new Map([...gradients].map(([name, gradient]) => [name, gradient && floatsOf(gradient)])),
      values: new Map([...values].map(([name, value]) => [name, floatsOf(value)])),
    };
  } catch (error) {
    if (error instanceof ModelError && /not enough memory/.test(error.message))
      throw tooLarge(need, memory, "more than this machine has");
    throw error;
  }
}

async function together(
  { model, feeds, varied, request }: ManyGradients,
  copies: readonly Float32Array[],
  size: number,
): Promise<RunGradients[]> {
  const repeated = Object.fromEntries(
    Object.entries(feeds)
      .filter(([name]) => name !== varied)
      .map(([name, value]) => [name, repeat(value, size)]),
  );
  const { dataType, dims } = feeds[varied];
  const batch = fromFloat32(dataType, [size * dims[0], ...dims.slice(1)], joined(copies, size));
  const { gradients, values } = await model.gradients(
    { ...repeated, [varied]: batch },
    { ...request, seed: joined([request.seed], size) },
  );
  const parts = (found: ReadonlyMap<string, TensorValue | undefined>): Map<string, Float32Array[] | undefined> =>
    new Map([...found].map(([name, value]) => [name, value && parted(name, value, size)]));
  const [slopes, activations] = [parts(gradients), parts(values)];
  return copies.map((_, i) => ({
    gradients: new Map([...slopes].map(([name, all]) => [name, all?.[i]])),
    values: new Map([...activations].map(([name, all]) => [name, all![i]])),
  }));
}

/**
 * A batch axis that says it is open and is not (a Reshape inside has 1 in it), or too little memory for a batch: one by
 * one works.
 */
function refused(error: unknown): undefined {
  if (error instanceof ModelError || error instanceof UsageError || error instanceof NoGradientError) return undefined;
  throw error;
}

function same(a: RunGradients, b: RunGradients): boolean {
  const equal = (x: Float32Array | undefined, y: Float32Array | undefined): boolean => (x && y ? alike(x, y) : x === y);
  return (
    [...b.gradients].every(([name, value]) => equal(a.gradients.get(name), value)) &&
    [...b.values].every(([name, value]) => equal(a.values.get(name), value))
  );
}
