import { freemem } from "node:os";
import { captured, differentiate, neededFor, reachedFrom } from "../autodiff/differentiate.ts";
import { gradientRules } from "../autodiff/rules/index.ts";
import type { Specialised } from "../autodiff/specialise.ts";
import { elementCount, type Node } from "../model/graph.ts";
import type { LoadedModel } from "./models.ts";

const MEBI = 2 ** 20;
/**
 * Measured on five networks of 1 to 45 MB, alone and in batches of 2 to 32, as the peak of the process: Node and ONNX Runtime with nothing loaded; the
 * weights in the file's buffer, in sessions that run forward and back and packed for kernels; a further session for batches; and what ONNX Runtime's
 * arena takes for what lives at once, between 2.8 and 4.3 times as much.
 */
const [PROCESS, WEIGHTS, WEIGHTS_OF_BATCHES, ARENA] = [120 * MEBI, 8, 4, 4];

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
export function memoryNeed(model: LoadedModel, specialised: Specialised, request: { readonly of: string; readonly wrt: readonly string[]; readonly fetch?: readonly string[] }): MemoryNeed {
  const weights = model.open.size.file + model.open.size.external;
  const each = ARENA * liveBytes(specialised, request);
  return { alone: PROCESS + WEIGHTS * weights + each, session: WEIGHTS_OF_BATCHES * weights, each };
}

/** With a batch of so many entries. */
export function needOf({ alone, session, each }: MemoryNeed, batch: number): number {
  return batch > 1 ? alone + session + batch * each : alone;
}

/** The most that the values of a gradient graph take at once: each from where it is made to where it is last used. */
function liveBytes(specialised: Specialised, { of, wrt, fetch = [] }: { readonly of: string; readonly wrt: readonly string[]; readonly fetch?: readonly string[] }): number {
  const g = specialised.g.fork();
  const seed = g.fresh("seed");
  g.declare(seed, g.shape(of));
  const gradients = differentiate(g, specialised.forward, { of, seed, wrt, rules: gradientRules, types: (value) => specialised.typeOf(value), known: specialised.known });
  const results = [...[...gradients.values()].filter((value) => value !== undefined), ...fetch];
  const nodes = neededFor(results, g.nodes);
  const owner = owners(nodes);
  const varying = reachedFrom([...specialised.tainted, seed], nodes, () => true);
  const lastUse = new Map<string, number>();
  nodes.forEach((node, index) => { for (const input of uses(node)) lastUse.set(owner(input), index); });
  for (const result of results) lastUse.set(owner(result), nodes.length);
  const size = (value: string): number => (g.has(value) ? 4 * elementCount(g.shape(value)) : 0);
  const ending = Array.from({ length: nodes.length + 1 }, () => 0);
  let [live, most] = [0, 0];
  nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      // What follows from weights alone is made once, with the session.
      if (!varying.has(output) || owner(output) !== output) continue;
      live += size(output);
      ending[lastUse.get(output) ?? index] += size(output);
    }
    most = Math.max(most, live);
    live -= ending[index];
  });
  return most;
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

/** Bytes that may be taken: as set in MB, or (0) half of what the machine has free. */
export function memoryBudget(megabytes: number): number {
  return megabytes > 0 ? megabytes * MEBI : freemem() / 2;
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
