import { elementCount, type Graph } from "../model/graph.ts";
import type { OpenModel } from "../model/open.ts";
import { toNumbers } from "../model/tensor.ts";
import { endsInRun, type ValueFacts } from "./score.ts";
import type { LoadedModel } from "./models.ts";
import type { Feeds } from "./ort.ts";

/** A number for each channel is read, a table of weights is not. */
const MOST_READ = 4096;

/** What a file says of a graph's constants, and a run of its shapes. */
export function valueFacts(
  graph: Graph,
  open: Pick<OpenModel, "bytesOf">,
  dims?: ReadonlyMap<string, readonly number[]>,
): ValueFacts {
  return {
    ...(dims ? { dims: (value) => dims.get(value) } : {}),
    number: (constant) => {
      const tensor = graph.initializers.find(({ name }) => name === constant);
      const count = tensor ? elementCount(tensor.dims) : 0;
      if (!tensor || tensor.problem !== undefined || tensor.dataType === "string" || count === 0 || count > MOST_READ)
        return undefined;
      const [first, ...others] = toNumbers(tensor, open.bytesOf(tensor));
      return others.every((one) => one === first) ? first : undefined;
    },
  };
}

/** A graph to look at for what an output is, and what is known of its values. */
export interface SeenGraph {
  readonly graph: Graph;
  readonly known: ValueFacts;
}

/**
 * The model's graph, or where only a run shows how an output is made (branches, loops, reductions that may be of one
 * element), what ran for `feeds`.
 */
export async function graphOf(model: LoadedModel, feeds: Feeds, value: string): Promise<SeenGraph> {
  const { graph } = model.model;
  if (!endsInRun(graph, value)) return { graph, known: valueFacts(graph, model.open) };
  const traced = await model.traced(feeds);
  return { graph: traced.graph, known: valueFacts(traced.graph, model.open, traced.trace.dims) };
}
