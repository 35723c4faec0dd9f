import type * as vscode from "vscode";
import { describe, expect, test, vi } from "vitest";
import type { CompareState } from "../protocol/compare.ts";
import { DEFAULT_LOOKS } from "../protocol/looks.ts";
import type { PanelState } from "../protocol/panel.ts";
import { catalogue } from "../techniques/catalogue.ts";
import { MOST_RESULTS, ResultsStore } from "./results-store.ts";

const state: PanelState = {
  model: "file:///m/net.onnx",
  input: "file:///m/cat.png",
  technique: "saliency",
  target: { index: [285] },
  params: {},
  looks: DEFAULT_LOOKS,
};
const { looks, ...base } = state;
const comparison: CompareState = {
  base: { ...base, input: "file:///m/cat.png" },
  columns: { kind: "method", entries: [{ kind: "method", technique: "saliency" }] },
  removed: [],
  looks,
  scale: "own",
};

/** VS Code's memory of a workspace, which keeps JSON. */
function memory(first?: unknown): vscode.Memento {
  let text = first === undefined ? undefined : JSON.stringify(first);
  return {
    get: () => (text === undefined ? undefined : (JSON.parse(text) as unknown)),
    update: (_: string, value: unknown) => {
      text = JSON.stringify(value);
      return Promise.resolve();
    },
    keys: () => [],
  } as unknown as vscode.Memento;
}
const log: string[] = [];
const storeOver = (kept: vscode.Memento): ResultsStore => new ResultsStore(kept, catalogue, (line) => log.push(line));

describe("kept results", () => {
  test("come back after a reload as they were, the newest first", () => {
    const kept = memory();
    const store = storeOver(kept);
    const pinned = store.pin(state, "Egyptian cat 285");
    const compared = store.keep(comparison);
    store.rename(pinned.pinned, "  the cat ");
    const again = storeOver(kept);
    expect(again.all).toEqual(store.all);
    expect(again.all.map(({ id }) => id)).toEqual([compared.kept, pinned.pinned]);
    expect(again.of(pinned.pinned)).toMatchObject({
      kind: "result",
      name: "the cat",
      target: "Egyptian cat 285",
      state: { ...state, pinned: pinned.pinned },
    });
    expect(log).toEqual([]);
  });

  test("follow what their panels show; an entry that was removed does not come back by it", () => {
    const store = storeOver(memory());
    const changes = vi.fn();
    const { pinned } = store.pin(state);
    store.onDidChange(changes);
    const other = { ...state, pinned, looks: { ...looks, opacity: 0.3 } };
    store.update(pinned, other);
    expect(store.of(pinned)?.state).toEqual(other);
    expect(changes).toHaveBeenCalledTimes(1);
    store.update(pinned, other);
    expect(changes).toHaveBeenCalledTimes(1);
    store.remove(pinned);
    store.update(pinned, state);
    expect(store.all).toEqual([]);
  });

  test("removing one can be undone: it is in its old place", () => {
    const store = storeOver(memory());
    const ids = [store.pin(state), store.pin(state), store.pin(state)].map(({ pinned }) => pinned).reverse();
    for (const id of ids) {
      const undo = store.remove(id);
      expect(store.all).toHaveLength(2);
      undo?.();
      expect(store.all.map((entry) => entry.id)).toEqual(ids);
    }
    expect(store.remove("no such id")).toBeUndefined();
  });

  test("an empty name gives the usual one back", () => {
    const store = storeOver(memory());
    const { pinned } = store.pin(state);
    store.rename(pinned, "mine");
    store.rename(pinned, " ");
    expect(store.of(pinned)).not.toHaveProperty("name");
  });

  test("are full at some point, and say so", () => {
    const entry = (id: number): unknown => ({
      kind: "result",
      id: `00000000-0000-0000-0000-${String(id).padStart(12, "0")}`,
      made: 1,
      state,
    });
    const store = storeOver(memory(Array.from({ length: MOST_RESULTS + 5 }, (_, id) => entry(id))));
    expect(store.all).toHaveLength(MOST_RESULTS);
    expect(store.isFull).toBe(true);
  });
});

test.each([
  ["no list", 7, 0],
  ["no entries", [null, 3, "x", {}], 4],
  ["ids that are no ids", [{ kind: "result", id: "../x", made: 1, state }], 1],
  [
    "a method that is no more",
    [{ kind: "result", id: "0".repeat(36), made: 1, state: { ...state, technique: "x" } }],
    1,
  ],
  ["no state", [{ kind: "comparison", id: "0".repeat(36), made: 1, state: null }], 1],
])("what was kept is %s: nothing is listed, with one line in the log", (_, kept, dropped) => {
  log.length = 0;
  expect(storeOver(memory(kept)).all).toEqual([]);
  expect(log).toEqual(dropped ? [`results: ${dropped} entries could not be read and are not listed`] : []);
  log.length = 0;
});

test("a date or a name of nonsense becomes its default", () => {
  const store = storeOver(memory([{ kind: "result", id: "0".repeat(36), made: "now", name: 5, target: [], state }]));
  expect(store.all).toEqual([
    { kind: "result", id: "0".repeat(36), made: 0, state: { ...state, pinned: "0".repeat(36) } },
  ]);
});
