import { describe, expect, test } from "vitest";
import { startingLayers, usualMethods } from "../commands/suggested.ts";
import { readCompareState } from "./compare-state.ts";
import { cellKey, cellState, isComparable, methodLabel } from "../../protocol/compare.ts";
import type { AxisEntry, CompareState } from "../../protocol/compare.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";
import { catalogue } from "../../techniques/catalogue.ts";
import { stateKey } from "../../protocol/panel-job.ts";
import { moved, placesOf } from "../../../webview/compare/jobs.ts";
import { entryLabel, modelName } from "../../../webview/compare/labels.ts";
import { pan, pointAt, reveal, WHOLE, zoomAt, zoomBy, zoomStyle } from "../../../webview/results/zoom.ts";

const base = { summary: "", group: "gradients" as const };
const predictions: TechniqueInfo = {
  ...base,
  group: "predictions",
  id: "predictions",
  title: "Predictions",
  command: "",
  needs: { input: "one", target: false, layer: "none", gradient: false },
  params: [],
};
const saliency: TechniqueInfo = {
  ...base,
  id: "saliency",
  title: "Saliency",
  command: "",
  needs: { input: "one", target: true, layer: "none", gradient: true },
  params: [
    { name: "absolute", label: "", help: "", type: "boolean", default: true },
    { name: "samples", label: "", help: "", type: "number", default: 0, min: 0, max: 500, step: 1, integer: true },
  ],
};
const gradCam: TechniqueInfo = {
  ...base,
  group: "cams",
  id: "grad-cam",
  title: "Grad-CAM",
  command: "",
  needs: { input: "one", target: true, layer: "spatial", gradient: true },
  params: [],
};
const techniques = [predictions, saliency, gradCam];

const method = (technique: string): AxisEntry => ({ kind: "method", technique });
const target = (index: number): AxisEntry => ({ kind: "target", target: { index: [index] }, label: `class ${index}` });
const state: CompareState = {
  base: {
    model: "file:///m/net.onnx",
    input: "file:///m/cat.png",
    technique: "saliency",
    target: { index: [3] },
    layer: "relu",
    params: { saliency: { absolute: false, samples: 2 } },
  },
  columns: {
    kind: "method",
    entries: [
      method("saliency"),
      { kind: "method", technique: "saliency", params: { absolute: true, samples: 25 } },
      method("grad-cam"),
    ],
  },
  rows: { kind: "target", entries: [target(285), target(282)] },
  removed: [cellKey(method("grad-cam"), target(282))],
  looks: { ...DEFAULT_LOOKS, clip: 90 },
  scale: "method",
};

describe("a comparison's state that comes back", () => {
  test("comes back as it was", () => {
    expect(readCompareState(JSON.parse(JSON.stringify(state)), techniques)).toEqual(state);
  });

  test("with layers, one picked by itself, and models", () => {
    const other: CompareState = {
      ...state,
      columns: { kind: "layer", entries: [{ kind: "layer" }, { kind: "layer", layer: "conv" }] },
      rows: {
        kind: "model",
        entries: [
          { kind: "model", model: "file:///m/net.onnx" },
          { kind: "model", model: "file:///m/other.onnx" },
        ],
      },
    };
    expect(readCompareState(JSON.parse(JSON.stringify(other)), techniques)).toEqual(other);
  });

  test.each([
    undefined,
    null,
    7,
    [],
    {},
    { ...state, base: undefined },
    { ...state, base: { ...state.base, model: 3 } },
    { ...state, columns: undefined },
    { ...state, columns: { kind: "method", entries: [] } },
    { ...state, columns: { kind: "colour", entries: [method("saliency")] } },
    { ...state, columns: { kind: "method", entries: [method("lime"), method("predictions"), 4] } },
  ])("is refused where it has nothing to compare, or no model and input: %j", (data) => {
    expect(readCompareState(data, techniques)).toBeUndefined();
  });

  test.each([
    [
      "entries of methods that are no more",
      { columns: { kind: "method", entries: [method("lime"), method("grad-cam")] } },
      { columns: { kind: "method", entries: [method("grad-cam")] } },
    ],
    [
      "options out of range",
      { columns: { kind: "method", entries: [{ ...method("saliency"), params: { samples: -4 } }] } },
      { columns: { kind: "method", entries: [{ ...method("saliency"), params: { absolute: true, samples: 0 } }] } },
    ],
    [
      "a layer that is no text",
      {
        rows: {
          kind: "layer",
          entries: [
            { kind: "layer", layer: 7 },
            { kind: "layer", layer: "a" },
          ],
        },
      },
      { rows: { kind: "layer", entries: [{ kind: "layer", layer: "a" }] } },
    ],
    [
      "a model that is no file",
      {
        rows: {
          kind: "model",
          entries: [
            { kind: "model", model: 7 },
            { kind: "model", model: "file:///a.onnx" },
          ],
        },
      },
      { rows: { kind: "model", entries: [{ kind: "model", model: "file:///a.onnx" }] } },
    ],
    ["rows of the columns' kind", { rows: { kind: "method", entries: [method("saliency")] } }, { rows: undefined }],
    ["a scale of nonsense", { scale: "huge", removed: [3, "x"] }, { scale: "own", removed: ["x"] }],
    ["looks of nonsense", { looks: { clip: 7 } }, { looks: DEFAULT_LOOKS }],
  ])("%s: what is unsound goes, the rest stays", (_, change, expected) => {
    expect(readCompareState({ ...state, ...change }, techniques)).toEqual({ ...state, ...expected });
  });
});

describe("what a cell asks", () => {
  test("the common ground, with what its column and row say instead", () => {
    const cell = cellState(state, [state.columns.entries[1], target(285)]);
    expect(cell).toMatchObject({
      technique: "saliency",
      target: { index: [285] },
      layer: "relu",
      params: { saliency: { absolute: true, samples: 25 } },
      looks: state.looks,
    });
  });

  test("a layer, a recipe and inputs' names are of their model: another one picks its own, unless a layer stands along an axis", () => {
    const withRecipe = {
      ...state,
      base: { ...state.base, recipe: { version: 1, inputs: {} } as const, explain: ["row"] },
    };
    const other: AxisEntry = { kind: "model", model: "file:///m/other.onnx" };
    expect(cellState(withRecipe, [other])).not.toHaveProperty("layer");
    expect(cellState(withRecipe, [other])).not.toHaveProperty("recipe");
    expect(cellState(withRecipe, [other])).not.toHaveProperty("explain");
    expect(cellState(withRecipe, [target(285)]).explain).toEqual(["row"]);
    expect(cellState(withRecipe, [other, { kind: "layer", layer: "conv" }]).layer).toBe("conv");
    expect(cellState(withRecipe, [{ kind: "model", model: state.base.model }])).toMatchObject({
      layer: "relu",
      recipe: { version: 1 },
    });
  });

  test("cells that ask for the same are one job, whatever the looks and what the method does not ask for", () => {
    const cell = cellState(state, [method("saliency"), target(285)]);
    const same = stateKey(cell, saliency);
    expect(stateKey({ ...cell, looks: DEFAULT_LOOKS, layer: "other" }, saliency)).toBe(same);
    expect(stateKey({ ...cell, params: { saliency: { ...cell.params.saliency }, "grad-cam": {} } }, saliency)).toBe(
      same,
    );
    expect(stateKey({ ...cell, target: { index: [1] } }, saliency)).not.toBe(same);
    expect(stateKey({ ...cell, params: {} }, saliency)).not.toBe(same);
    const cam = cellState(state, [method("grad-cam")]);
    expect(stateKey({ ...cam, layer: "other" }, gradCam)).not.toBe(stateKey(cam, gradCam));
    // Several layers are averaged by those that take several; a layer along an axis stands alone.
    const takesSeveral = { ...gradCam, needs: { ...gradCam.needs, several: true } };
    expect(stateKey({ ...cam, moreLayers: ["b"] }, gradCam)).toBe(stateKey(cam, gradCam));
    expect(stateKey({ ...cam, moreLayers: ["b"] }, takesSeveral)).not.toBe(stateKey(cam, takesSeveral));
    expect(
      cellState({ ...state, base: { ...state.base, moreLayers: ["b"] } }, [{ kind: "layer", layer: "a" }]),
    ).toMatchObject({ layer: "a", moreLayers: undefined });
  });

  test("places row by row; those taken out say so; twins have names of their own", () => {
    const places = placesOf(
      { ...state, columns: { kind: "method", entries: [method("saliency"), method("saliency"), method("grad-cam")] } },
      techniques,
    );
    expect(places.map(({ row, column }) => [row, column])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
    expect(places.map(({ removed }) => removed)).toEqual([false, false, false, false, false, true]);
    expect(new Set(places.map(({ key }) => key)).size).toBe(6);
    expect(places[0].job).toBe(places[1].job);
  });

  test("a list's item moves, and stays where it cannot", () => {
    expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
    expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
    const list = ["a", "b"];
    expect(moved(list, 1, 2)).toBe(list);
    expect(moved(list, 0, -1)).toBe(list);
  });
});

describe("labels", () => {
  const around = { techniques, params: {}, models: [], results: [] };

  test("a method with the options that are not its defaults", () => {
    expect(methodLabel(saliency, "saliency", { absolute: true, samples: 0 })).toBe("Saliency");
    expect(methodLabel(saliency, "saliency", { absolute: false, samples: 25 })).toBe(
      "Saliency (absolute false, samples 25)",
    );
    expect(methodLabel(undefined, "lime", undefined)).toBe("lime");
  });

  test("a target by name and index, the largest once a result says which", () => {
    expect(entryLabel(target(285), around)).toBe("class 285 285");
    expect(entryLabel({ kind: "target", target: {}, label: "" }, around)).toBe("largest");
    const result = { provenance: { target: { output: "y", index: [7], label: "tench" } } } as never;
    expect(entryLabel({ kind: "target", target: {}, label: "" }, { ...around, results: [result] })).toBe("tench 7");
  });

  test("models of the same name by their folders", () => {
    expect(modelName("file:///a/net%20v2.onnx", ["file:///b/other.onnx"])).toBe("net v2.onnx");
    expect(modelName("file:///a/net.onnx", ["file:///a/net.onnx", "file:///b/net.onnx"])).toBe("a/net.onnx");
  });

  test("what is compared are explanations, not predictions, tiles or checks of other results", () => {
    const ids = catalogue.filter(isComparable).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(["saliency", "grad-cam", "occlusion"]));
    expect(ids).not.toContain("predictions");
    expect(ids).not.toContain("feature-maps");
    expect(catalogue.filter(({ group }) => group === "checks").some(isComparable)).toBe(false);
  });
});

describe("what a comparison begins with", () => {
  test("quick methods of different kinds, class activation maps for pictures only", () => {
    const image = { images: { kind: "image" } } as unknown as Recipe["inputs"];
    expect(usualMethods(catalogue, { inputs: image })).toEqual([
      "saliency",
      "integrated-gradients",
      "guided-backprop",
      "grad-cam",
    ]);
    expect(usualMethods(catalogue, { inputs: { x: { kind: "row" } } })).toEqual([
      "saliency",
      "input-x-gradient",
      "integrated-gradients",
    ]);
    expect(usualMethods(techniques, { inputs: image })).toEqual(["saliency", "grad-cam"]);
  });

  test("layers at three depths, the default one last, none that only moves values about", () => {
    const layers = ["Pad", "Conv", "Clip", "Pad", "Conv", "Clip", "Transpose", "Conv", "Clip"].map(
      (operator, index) => ({
        value: `v${index}`,
        ...(/Pad|Transpose/.test(operator) ? { moves: true as const } : {}),
      }),
    );
    expect(startingLayers(layers, "v8")).toEqual(["v2", "v5", "v8"]);
    expect(startingLayers(layers, "v1")).toEqual(["v1"]);
    expect(startingLayers([], undefined)).toEqual([]);
  });
});

describe("zoom", () => {
  test("keeps the point where it is, and shows no more than there is", () => {
    const zoom = zoomAt(WHOLE, 2, 0.75, 0.5);
    expect(zoom).toEqual({ scale: 2, u: 0.375, v: 0.25 });
    // The point lies at three quarters of what is seen, before and after.
    expect(pointAt(zoom, 0.75, 0.5)).toEqual({ u: 0.75, v: 0.5 });
    expect(zoomAt(zoom, 0.1, 0.75, 0.5)).toEqual(WHOLE);
    expect(zoomBy(WHOLE, 1000).scale).toBe(16);
    expect(pan(zoom, 10, -10)).toEqual({ scale: 2, u: 0.5, v: 0 });
    expect(zoomStyle(zoom)).toEqual({ left: "-75%", top: "-50%", width: "200%", height: "200%" });
  });

  test("follows a point that leaves the sight, and stays still for one that does not", () => {
    const zoom = zoomAt(WHOLE, 4, 0, 0);
    expect(reveal(zoom, 0.1, 0.2)).toBe(zoom);
    expect(reveal(zoom, 0.5, 0.2)).toEqual({ scale: 4, u: 0.25, v: 0 });
    expect(reveal({ ...zoom, u: 0.5 }, 0.25, 0)).toEqual({ scale: 4, u: 0.25, v: 0 });
  });
});
