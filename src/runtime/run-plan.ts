import type { Builder } from "../autodiff/builder.ts";
import { reachedFrom } from "../autodiff/differentiate.ts";
import type { Specialised } from "../autodiff/specialise.ts";
import type { Graph, Node, ValueInfo } from "../model/graph.ts";
import { bytesOf, liveBytes, ownersIn, sizesIn, type Sizes } from "./live.ts";
import { earlyAndLate, executionOrder } from "./order.ts";
import { withoutLengths, type Feeds } from "./ort.ts";

const MEBI = 2 ** 20;
/** Bytes of values at once over which a run is made to take little memory. */
const LARGE = 64 * MEBI;
/** What a fast run takes for what lives at once: a U-Net at 512×512 took 2.0 to 2.9 times as much. */
const FASTEST = 3;
/**
 * A frugal run takes what lives at once: U-Nets at 512×512 and 1024×1024, in float and in 8 bits, 0.98 to 1.02 of it as
 * the allocator counts. What the process grows by beside that is freed memory that the C library keeps: only of pieces
 * under 32 MB, so it does not grow with large runs.
 */
const [FRUGAL, KEPT_FREE, MOST_KEPT_FREE] = [1.1, 0.75, 192 * MEBI];

/** A derived graph as ONNX Runtime gets it, and what a run of it takes. */
export interface RunPlan {
  readonly graph: Graph;
  readonly optimization: "all" | "basic";
  /** What it is fed beside what its maker knows of. */
  readonly feeds: Feeds;
  /** The most that its values take at once, in bytes, with what operators take to work with. */
  readonly live: number;
  /** What a run takes beside its session, in bytes. */
  readonly bytes: number;
}

/**
 * How a derived graph is run: a small one fast, a large one in little memory. `fed`: inputs beside the model's own,
 * which start the way back. Three things make ONNX Runtime (1.30) take more than what lives at once, and are kept from
 * it where that is much:
 *
 * - its layout optimisation holds many values twice;
 * - it lets values of the same shape take over each other's memory, which is then held between them as well (see
 *   `withoutLengths`): so it knows no shapes;
 * - it makes what follows from constants with the session, zeros as large as an activation too: their shapes are made
 *   by the run.
 *
 * Its order of nodes follows from their list alone. Values that let activations go are made early: each has an end of
 * its own (its Size), and these come before the gradients. Derivatives of what is kept anyway are made late.
 */
export function planRun(g: Builder, specialised: Specialised, graph: Graph, fed: readonly string[]): RunPlan {
  const results = graph.outputs.map(({ name }) => name);
  const live = (list: readonly Node[], size: Sizes): number =>
    liveBytes(executionOrder(list), results, size, (value) => (g.has(value) ? g.shape(value) : undefined));
  const fastest = live(graph.nodes, sizesIn(g, specialised, graph.nodes, fed));
  if (fastest <= LARGE) return { graph, optimization: "all", feeds: {}, live: fastest, bytes: FASTEST * fastest };

  const { nodes, zero } = withShapesOfRuns(g, specialised, graph.nodes, fed);
  const size = sizesIn(g, specialised, nodes, [...fed, ...zero]);
  const { early, late } = earlyAndLate(nodes, {
    forward: new Set(specialised.forward),
    backward: reachedFrom(fed, nodes, () => true),
    results,
    owner: ownersIn(nodes),
    size,
  });
  const delayed = new Set(late);
  const ends = early
    .map((value): Node => ({
      name: "",
      opType: "Size",
      domain: "",
      inputs: [value],
      outputs: [g.fresh("made")],
      attributes: {},
    }))
    .reverse();
  const lateFirst = [...late, ...nodes.filter((node) => !delayed.has(node))];
  const lists = [
    { nodes, ends: [] },
    { nodes, ends },
    { nodes: lateFirst, ends: [] },
    { nodes: lateFirst, ends },
  ].map((list) => ({ ...list, live: live([...list.nodes, ...list.ends], size) }));
  const best = lists.reduce((least, list) => (list.live < least.live ? list : least));
  return {
    optimization: "basic",
    live: best.live,
    bytes: FRUGAL * best.live + Math.min(KEPT_FREE * best.live, MOST_KEPT_FREE),
    feeds: Object.fromEntries(
      zero.map((name) => [name, { dataType: "int64" as const, dims: [], data: new BigInt64Array(1) }]),
    ),
    graph: {
      ...graph,
      nodes: [...best.nodes, ...best.ends],
      inputs: [
        ...graph.inputs.map(withoutLengths),
        ...zero.map((name): ValueInfo => ({ name, type: { kind: "tensor", dataType: "int64", dims: [] } })),
      ],
      outputs: [
        ...graph.outputs,
        ...best.ends.map(({ outputs: [name] }): ValueInfo => ({ name, type: { kind: "unknown" } })),
      ],
    },
  };
}

/** Operators that take the shape of their output, by which input. */
const SHAPED: Readonly<Record<string, number>> = { Reshape: 1, Expand: 1, MaxUnpool: 2 };

/**
 * The same nodes, with shapes that a run alone knows: a zero that is fed is added to them. `zero`: its name, where
 * there are any.
 */
function withShapesOfRuns(
  g: Builder,
  specialised: Specialised,
  nodes: readonly Node[],
  fed: readonly string[],
): { readonly nodes: readonly Node[]; readonly zero: readonly string[] } {
  const varying = reachedFrom([...specialised.tainted, ...fed], nodes, () => true);
  const bytes = (value: string): number => (g.has(value) ? bytesOf(g, specialised, value) : 0);
  // What follows from weights stays the session's, but for constants that grow.
  const shaped = ({ opType, outputs: [output], inputs: [data] }: Node): boolean =>
    Object.hasOwn(SHAPED, opType) && (varying.has(output) || bytes(output) > Math.max(MEBI, 16 * bytes(data)));
  if (!nodes.some(shaped)) return { nodes, zero: [] };
  const zero = g.fresh("zero");
  const sums = new Map<string, string>();
  return {
    zero: [zero],
    nodes: nodes.flatMap((node): readonly Node[] => {
      const at = SHAPED[node.opType];
      const shape = node.inputs[at];
      if (!shape || !shaped(node) || varying.has(shape)) return [node];
      const known = sums.get(shape);
      const sum = known ?? g.fresh("shape");
      sums.set(shape, sum);
      const made: Node = { ...node, inputs: node.inputs.map((input, index) => (index === at ? sum : input)) };
      return known === undefined
        ? [{ name: "", opType: "Add", domain: "", inputs: [shape, zero], outputs: [sum], attributes: {} }, made]
        : [made];
    }),
  };
}
