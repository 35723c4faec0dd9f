import type * as vscode from "vscode";
import { describe, expect, test, vi } from "vitest";
import { DEFAULT_LOOKS } from "../protocol/looks.ts";
import type { PanelState } from "../protocol/panel.ts";
import { catalogue } from "../techniques/catalogue.ts";
import { Selections } from "./selection.ts";

const model = "file:///m/net.onnx";
const state: PanelState = {
  model,
  input: "file:///m/cat.png",
  technique: "saliency",
  target: { index: [285] },
  layer: "relu",
  params: {},
  looks: { ...DEFAULT_LOOKS, colorMap: "viridis" },
};

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

describe("what the views of a model share", () => {
  test("is the input, target, layer and colour map of the view used last, and comes back after a reload", () => {
    const kept = memory();
    const selections = new Selections(kept, catalogue);
    expect(selections.of(model)).toBeUndefined();
    selections.take(state, "view");
    const shared = { input: state.input, target: { index: [285] }, layer: "relu", colorMap: "viridis" };
    expect(selections.of(model)).toEqual(shared);
    expect(selections.isCurrent(model)).toBe(true);
    const again = new Selections(kept, catalogue);
    expect(again.of(model)).toEqual(shared);
    // Kept from another day: a person is asked, with this first.
    expect(again.isCurrent(model)).toBe(false);
  });

  test("is told once for each change, with the view it was made in", () => {
    const selections = new Selections(memory(), catalogue);
    const changes = vi.fn();
    selections.onDidChange(changes);
    selections.take(state, "a");
    selections.take({ ...state, technique: "grad-cam" }, "b");
    expect(changes).toHaveBeenCalledTimes(1);
    selections.take({ ...state, target: { index: [3] } }, "b");
    expect(changes).toHaveBeenLastCalledWith({ model, by: "b" });
  });

  test("a view without an input does not take the others' away", () => {
    const selections = new Selections(memory(), catalogue);
    selections.take(state, "a");
    const { input: _, ...without } = state;
    selections.take({ ...without, technique: "predictions" }, "b");
    expect(selections.of(model)?.input).toBe(state.input);
  });

  test("another view would show it with its own method, options and other display options", () => {
    const selections = new Selections(memory(), catalogue);
    selections.take(state, "a");
    const other: PanelState = {
      ...state,
      input: "file:///m/dog.png",
      more: ["file:///m/wolf.png"],
      technique: "grad-cam",
      target: {},
      params: { "grad-cam": {} },
      looks: { ...DEFAULT_LOOKS, opacity: 0.2 },
    };
    expect(selections.applied(other)).toEqual({
      ...state,
      technique: "grad-cam",
      params: { "grad-cam": {} },
      looks: { ...DEFAULT_LOOKS, opacity: 0.2, colorMap: "viridis" },
    });
  });

  test("a new view begins with the setting's colour map where nobody chose one", () => {
    const selections = new Selections(memory(), catalogue);
    selections.take({ ...state, looks: DEFAULT_LOOKS }, "a");
    const fresh: PanelState = { ...state, looks: { ...DEFAULT_LOOKS, colorMap: "magma" } };
    expect(selections.startingFrom(fresh).looks.colorMap).toBe("magma");
    selections.take(state, "a");
    expect(selections.startingFrom(fresh).looks.colorMap).toBe("viridis");
  });

  test("only what gives another result is a difference: not a layer of a method that takes none, nor colours", () => {
    const selections = new Selections(memory(), catalogue);
    selections.take(state, "a");
    const colours: PanelState = { ...state, layer: "conv", looks: DEFAULT_LOOKS };
    expect(selections.differing(colours)).toBeUndefined();
    expect(selections.differing({ ...colours, technique: "grad-cam" })).toMatchObject({ layer: "relu" });
    expect(selections.differing({ ...state, target: {} })).toMatchObject({ target: { index: [285] } });
    expect(selections.differing({ ...state, model: "file:///other.onnx" })).toBeUndefined();
  });

  test("another input for all keeps target, layer and colours", () => {
    const selections = new Selections(memory(), catalogue);
    selections.take({ ...state, more: ["file:///m/b.png"] }, "a");
    selections.setInput(model, "file:///m/dog.png");
    expect(selections.of(model)).toEqual({
      input: "file:///m/dog.png",
      target: { index: [285] },
      layer: "relu",
      colorMap: "viridis",
    });
    expect(selections.latest).toBe(model);
  });
});

test.each([7, {}, [3], [[model]], [[model, null]], [["no uri", { input: "file:///a" }]], [[model, { input: 5 }]]])(
  "what was kept is not sound and is not used: %j",
  (kept) => {
    expect(new Selections(memory(kept), catalogue).latest).toBeUndefined();
  },
);

test("of an entry that is partly sound the rest is used", () => {
  const kept = [[model, { input: "file:///m/cat.png", target: "x", layer: 7, colorMap: "jet" }]];
  expect(new Selections(memory(kept), catalogue).of(model)).toEqual({
    input: "file:///m/cat.png",
    target: {},
    colorMap: "auto",
  });
});
