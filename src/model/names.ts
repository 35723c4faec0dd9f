import type { Graph } from "./graph.ts";

/** The names of a graph's inputs, initializers and values: a new value takes another. */
export function namesIn(graph: Graph): Set<string> {
  return new Set(
    [...graph.inputs, ...graph.initializers]
      .map(({ name }) => name)
      .concat(graph.nodes.flatMap(({ outputs }) => outputs)),
  );
}

/**
 * `name`, or with the first number from 2 on that makes it new ("name_2" and before `ending`); it is taken from then
 * on.
 */
export function freeName(name: string, taken: Set<string>, ending = ""): string {
  let free = name + ending;
  for (let count = 2; taken.has(free); count++) free = `${name}_${count}${ending}`;
  taken.add(free);
  return free;
}
