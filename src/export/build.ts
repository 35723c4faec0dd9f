import type { Builder } from "../autodiff/builder.ts";
import { captured, differentiate, neededFor } from "../autodiff/differentiate.ts";
import { gradientRules } from "../autodiff/rules/index.ts";
import type { Specialised } from "../autodiff/specialise.ts";
import { UsageError } from "../model/errors.ts";
import { elementCount, isFloat, type DataType } from "../model/graph.ts";
import type { Score } from "../runtime/score.ts";
import type { Params } from "../protocol/technique.ts";
import type { TargetInfo } from "../techniques/framework/technique.ts";
import type { Explained, InGraph } from "./attributions.ts";
import type { Part } from "./batch.ts";
import { copyFrom } from "./path-integral.ts";
import { emitSeed } from "./seed.ts";

/** What is written into the graph, whatever the batch. */
export interface Plan {
  readonly attribution: InGraph;
  readonly params: Params;
  readonly score: Score;
  /** The output that the target is an index of. */
  readonly output: string;
  /** Whether that output has a batch axis. */
  readonly batched: boolean;
  readonly target: TargetInfo;
  /** The name of an input that chooses the target. */
  readonly targetInput?: string;
  /** The value that is explained. */
  readonly input: string;
  /** In the shape of one sample of it. */
  readonly baseline?: Float32Array;
  readonly layer?: Explained["layer"];
  /** Outputs of the model to give along, and what the trace said of them. */
  readonly outputs: readonly string[];
}

/** The explanation's graph for the shapes of one trace: everything float is float32, and names are the model's. */
export interface Built extends Part {
  readonly attribution: string;
  /** Of the attribution and of each output, as traced. */
  readonly dims: ReadonlyMap<string, readonly number[]>;
  /** A condition that holds where the model took the path that was traced; absent where it has only one. */
  readonly samePath?: string;
}

/**
 * Emits forward pass, seed, gradient and attribution. `batch`: how many samples were traced; undefined where the output
 * has no batch axis.
 */
export function buildExplanation(specialised: Specialised, plan: Plan, batch: number | undefined): Built {
  const g = specialised.g.fork();
  const forward = [...g.nodes];
  for (const value of [plan.input, plan.score.value, ...(plan.layer ? [plan.layer.value] : [])]) {
    if (!g.has(value))
      throw new UsageError(
        `The value "${value}" is not computed for this input.`,
        value,
        "`inspect` lists the model's layers and their outputs.",
      );
  }
  const outputDims = g.shape(plan.output);
  if (plan.targetInput !== undefined) {
    g.declare(plan.targetInput, outputDims.length > 2 ? [1, outputDims.length - 1] : [1]);
    g.declareType(plan.targetInput, "int64");
  }
  const seed = g.reshape(
    emitSeed(g, { outputDims, batch, target: plan.target, input: plan.targetInput }),
    g.shape(plan.score.value),
  );
  const gradient = (
    of: string,
    value: string,
    original: ReadonlyMap<string, string>,
    from = forward,
    rules = gradientRules,
  ): string => {
    const named = (name: string): string => original.get(name) ?? name;
    const found = differentiate(g, from, {
      of,
      seed,
      wrt: [value],
      rules,
      types: (name) => specialised.typeOf(named(name)),
      known: (name) => specialised.known(named(name)),
    }).get(value);
    if (found === undefined)
      throw new UsageError(
        `The score "${plan.target.label}" does not depend on "${named(value)}", so there is nothing to export.`,
        named(value),
        "Choose another target, output or layer.",
      );
    return found;
  };
  const attribution = plan.attribution({
    g,
    params: plan.params,
    input: plan.input,
    ...(plan.layer ? { layer: plan.layer } : {}),
    baseline: () => baseline(g, plan),
    gradient: (value, rules) => gradient(plan.score.value, value, new Map(), forward, rules?.table),
    gradientAt: (point) => {
      const start = g.nodes.length;
      const copy = copyFrom(g, forward, { value: plan.input, point, of: plan.score.value });
      return gradient(copy.of, point, copy.original, g.nodes.slice(start));
    },
  });
  // Through Identity: an attribution may be a value that is also something else.
  const named = g.op("Identity", [attribution], g.shape(attribution));
  const samePath = emitGuards(g, specialised);
  const wanted = [named, ...plan.outputs, ...(samePath === undefined ? [] : [samePath])];
  const nodes = neededFor(wanted, g.nodes);
  const used = new Set([...nodes.flatMap((node) => [...node.inputs, ...captured(node)]), ...wanted]);
  return {
    nodes,
    initializers: g.initializers.filter(({ name }) => used.has(name)),
    attribution: named,
    dims: new Map([named, ...plan.outputs].map((name) => [name, g.shape(name)])),
    ...(samePath === undefined ? {} : { samePath }),
  };
}

/** A number where the baseline is one, else what it is of one sample, which broadcasts over the batch. */
function baseline(g: Builder, { baseline, input }: Plan): string {
  const values = baseline ?? new Float32Array(1);
  if (values.every((value) => value === values[0])) return g.scalar(values[0]);
  return g.floats(values, [1, ...g.shape(input).slice(1)]);
}

/** More numbers than this that decided the path are not compared again. */
const MOST_COMPARED = 4096;

/** Emits whether everything that the graph was specialised on, and that the input decides, is as it was. */
function emitGuards(g: Builder, specialised: Specialised): string | undefined {
  const holds = specialised.guards
    .filter(({ expected }) => expected.length > 0 && expected.length <= MOST_COMPARED)
    .map(({ value, expected }) => {
      const dims = g.shape(value);
      const type: DataType = g.typeOf(value) ?? specialised.typeOf(value) ?? "float32";
      const number = isFloat(type) || type === "int64" ? value : g.op("Cast", [value], dims, { to: 7 });
      const equal = g.op(
        "Equal",
        [number, isFloat(type) ? g.floats(expected, dims) : g.intTensor(expected, dims)],
        dims,
      );
      const all = g.op("Cast", [equal], dims, { to: 6 });
      return elementCount(dims) === 1 ? g.reshape(all, []) : g.op("ReduceMin", [all], [], { keepdims: 0 });
    });
  if (holds.length === 0) return undefined;
  return g.op("Cast", [holds.length === 1 ? holds[0] : g.op("Min", holds, [])], [], { to: 9 });
}
