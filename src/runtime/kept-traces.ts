import type { Graph } from "../model/graph.ts";
import type { Specialised, Trace } from "../autodiff/specialise.ts";
import type { MemoryBudget } from "./memory.ts";
import type { Feeds } from "./ort.ts";

/** What a rewritten model or a trace takes without its numbers: a guess at its nodes. */
export const GRAPH_BYTES = 2 ** 20;

export interface Traced {
  readonly specialised: Specialised;
  readonly trace: Trace;
  /** The graph that was traced: functions inlined, constants lifted, branches taken. */
  readonly graph: Graph;
  /** Values of it that decided which branches were taken and how many steps loops ran. */
  readonly conditions: readonly string[];
  readonly key: string;
}

/** A model's traces, the one that was gone last first: each kept while the budget has room. */
export class KeptTraces {
  private readonly traces: Traced[] = [];
  private readonly latest = new WeakMap<Feeds, Traced>();
  private count = 0;

  /** @param prefix What their keys in the budget begin with. */
  constructor(
    private readonly budget: MemoryBudget,
    private readonly prefix: string,
  ) {}

  /** The trace that these very feeds had last, where it is still kept. */
  of(feeds: Feeds): Traced | undefined {
    const before = this.latest.get(feeds);
    return before && this.traces.includes(before) ? before : undefined;
  }

  /** Traces of feeds of the same shapes. */
  like(feeds: Feeds): Traced[] {
    const shapes = shapesKey(feeds);
    return this.traces.filter(({ key }) => key.startsWith(`${shapes}#`));
  }

  /** A new trace's key. */
  keyFor(feeds: Feeds): string {
    return `${shapesKey(feeds)}#${this.count++}`;
  }

  keep(traced: Traced): void {
    this.traces.unshift(traced);
    this.budget.keep(`${this.prefix}${traced.key}`, {
      bytes: traceBytes(traced),
      drop: () => {
        this.traces.splice(this.traces.indexOf(traced), 1);
      },
    });
  }

  /** These feeds went this way. */
  used(traced: Traced, feeds: Feeds): void {
    this.budget.touch(`${this.prefix}${traced.key}`);
    this.latest.set(feeds, traced);
  }

  /** The way that was gone last is the first to be tried. */
  prefer(traced: Traced): void {
    const at = this.traces.indexOf(traced);
    if (at > 0) this.traces.unshift(...this.traces.splice(at, 1));
  }
}

/** A trace's numbers are JavaScript's, eight bytes each; its nodes are counted as a whole. */
function traceBytes({ trace }: Traced): number {
  return GRAPH_BYTES + [...trace.known.values()].reduce((sum, { length }) => sum + 8 * length, 0);
}

function shapesKey(feeds: Feeds): string {
  return JSON.stringify(
    Object.keys(feeds)
      .sort()
      .map((name) => [name, feeds[name].dims]),
  );
}
