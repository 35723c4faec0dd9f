import { describe, expect, test } from "vitest";
import { jobOf, lacksInput, stateKey } from "../../protocol/panel-job.ts";
import { cacheKey, filesOf } from "./job.ts";
import { readCompareState } from "./compare-state.ts";
import { refuseChanges } from "./changes.ts";
import { checkedPanelState, readPanelState } from "./state.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import type { PanelState } from "../../protocol/panel.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";

const base = { summary: "", group: "gradients" as const };
const predictions: TechniqueInfo = {
  ...base,
  id: "predictions",
  title: "Predictions",
  command: "Show Predictions",
  needs: { input: "one", target: false, layer: "none", gradient: false },
  params: [],
};
const saliency: TechniqueInfo = {
  ...base,
  id: "saliency",
  title: "Saliency",
  command: "Visualize Saliency",
  needs: { input: "one", target: true, layer: "none", gradient: true },
  params: [
    { name: "absolute", label: "Absolute", help: "", type: "boolean", default: true },
    {
      name: "samples",
      label: "Samples",
      help: "",
      type: "number",
      default: 0,
      min: 0,
      max: 500,
      step: 1,
      integer: true,
    },
    {
      name: "score",
      label: "Score",
      help: "",
      type: "choice",
      default: "logit",
      options: [
        { value: "logit", label: "Logit" },
        { value: "output", label: "Output" },
      ],
    },
  ],
};
const gradCam: TechniqueInfo = {
  ...base,
  id: "grad-cam",
  title: "Grad-CAM",
  command: "Visualize Grad-CAM",
  needs: { input: "one", target: true, layer: "spatial", gradient: true },
  params: [],
};
const techniques = [predictions, saliency, gradCam];
const recipe: Recipe = { version: 1, inputs: { x: { kind: "array" } } };

const state: PanelState = {
  model: "file:///m/net.onnx",
  input: "file:///m/cat.png",
  technique: "saliency",
  target: { index: [285] },
  layer: "relu",
  params: { saliency: { absolute: false, samples: 25, score: "output" } },
  looks: { ...DEFAULT_LOOKS, opacity: 0.2, channel: 3 },
};

describe("a panel's state that comes back", () => {
  test("comes back as it was", () => {
    expect(readPanelState(JSON.parse(JSON.stringify(state)), techniques)).toEqual(state);
  });

  test("with the inputs that are explained", () => {
    expect(readPanelState({ ...state, explain: ["row", "picture"] }, techniques)).toEqual({
      ...state,
      explain: ["row", "picture"],
    });
  });

  test("with a recipe of its own", () => {
    expect(readPanelState({ ...state, recipe }, techniques)).toEqual({ ...state, recipe });
  });

  test.each([
    undefined,
    null,
    1,
    "state",
    [],
    {},
    { ...state, model: undefined },
    { ...state, model: 3 },
    { ...state, model: "" },
    { ...state, model: "no uri" },
    { ...state, input: null },
    { ...state, input: "" },
  ])("is refused where it does not say which model and input: %j", (data) => {
    expect(readPanelState(data, techniques)).toBeUndefined();
  });

  test.each([
    ["a technique that is no more", { technique: "lime" }, { technique: "predictions" }],
    ["a target of nonsense", { target: { index: [-1], output: 7, against: "3" } }, { target: {} }],
    ["a target that is a list", { target: [285] }, { target: {} }],
    ["a layer that is no text", { layer: 9 }, { layer: undefined }],
    ["inputs to explain that are no names", { explain: ["row", 3] }, {}],
    [
      "options out of range",
      { params: { saliency: { absolute: "yes", samples: 1e9, score: "loss" } } },
      { params: { saliency: { absolute: true, samples: 0, score: "logit" } } },
    ],
    [
      "options that are no integers",
      { params: { saliency: { samples: 2.5 } } },
      { params: { saliency: { absolute: true, samples: 0, score: "logit" } } },
    ],
    ["options of unknown techniques", { params: { lime: { a: 1 }, __proto__: { b: 2 } } }, { params: {} }],
    [
      "looks of nonsense",
      {
        looks: {
          arrangement: "upside-down",
          opacity: 7,
          colorMap: "jet",
          clip: 3,
          reduce: 1,
          tileSort: null,
          tileScale: {},
          channel: -2,
        },
      },
      { looks: DEFAULT_LOOKS },
    ],
    ["no looks", { looks: undefined }, { looks: DEFAULT_LOOKS }],
    ["a recipe of another version", { recipe: { version: 2, inputs: {} } }, {}],
    ["a recipe of unknown kinds", { recipe: { version: 1, inputs: { x: { kind: "sound" } } } }, {}],
  ])("%s becomes the default, the rest stays", (_, change, expected) => {
    expect(readPanelState({ ...state, ...change }, techniques)).toEqual({ ...state, ...expected });
  });
});

describe("an option that is text", () => {
  const occlusion: TechniqueInfo = {
    ...base,
    id: "occlusion",
    title: "Occlusion",
    command: "Visualize Occlusion",
    needs: { input: "one", target: true, layer: "none", gradient: false },
    params: [
      {
        name: "window",
        label: "Window",
        help: "",
        type: "text",
        default: "auto",
        pattern: String.raw`auto|\d+(?:,\d+)*`,
        problem: "Numbers by commas.",
      },
    ],
  };
  test.each([
    ["3,15,15", "3,15,15"],
    ["15", "15"],
    ["15 x", "auto"],
    ["", "auto"],
    [15, "auto"],
  ])("%j comes back as %j: the default unless all of it fits", (given, expected) => {
    expect(
      readPanelState({ ...state, technique: "occlusion", params: { occlusion: { window: given } } }, [occlusion])
        ?.params?.occlusion,
    ).toEqual({ window: expected });
  });
});

describe("the job of a state", () => {
  const files = { model: "/m/net.onnx", samples: [{ "": "/m/cat.png" }] };
  const stamps = { model: "1", input: "2", version: "3" };
  const key = (of: PanelState, info: TechniqueInfo): string => cacheKey("run", jobOf(of, info, files, recipe), stamps);

  test("writes every option out and leaves away what the technique does not ask for", () => {
    expect(jobOf({ ...state, params: {} }, saliency, files, recipe)).toEqual({
      technique: "saliency",
      model: "/m/net.onnx",
      source: { kind: "sample", inputs: { "": "/m/cat.png" } },
      recipe,
      target: { index: [285] },
      params: { absolute: true, samples: 0, score: "logit" },
    });
    expect(jobOf(state, predictions, files, recipe)).not.toHaveProperty("target");
    expect(jobOf(state, gradCam, files, recipe).layer).toBe("relu");
    expect(jobOf({ ...state, explain: ["row"] }, saliency, files, recipe).explain).toEqual(["row"]);
    expect(jobOf({ ...state, explain: ["row"] }, predictions, files, recipe)).not.toHaveProperty("explain");
  });

  test("of a technique that takes no input has none, whatever the state remembers", () => {
    const weights: TechniqueInfo = {
      ...predictions,
      id: "weights",
      needs: { input: "none", target: false, layer: "none", gradient: false },
    };
    const { input: _, ...without } = state;
    const job = { technique: "weights", model: "/m/net.onnx", source: { kind: "none" }, params: {} };
    const alone = { ...files, samples: [] };
    expect(jobOf(without, weights, alone, recipe)).toEqual({ ...job, recipe: { version: 1, inputs: {} } });
    expect(stateKey(state, weights)).toBe(stateKey(without, weights));
    expect([lacksInput(without, weights), lacksInput(without, saliency), lacksInput(state, saliency)]).toEqual([
      false,
      true,
      false,
    ]);
    expect(readPanelState(without, techniques)).toEqual(without);
    expect(checkedPanelState(without, techniques)).toEqual(without);
    // What is about an input has one.
    expect(readPanelState({ ...without, input: 7 }, techniques)).toBeUndefined();
    const { looks, ...common } = without;
    const columns = { kind: "method", entries: [{ kind: "method", technique: "saliency" }] };
    expect(readCompareState({ base: common, looks, columns }, techniques)).toBeUndefined();
  });

  test("looks do not make another job; target, options, recipe and files do", () => {
    const same = key(state, saliency);
    expect(key({ ...state, looks: { ...DEFAULT_LOOKS, clip: 60 } }, saliency)).toBe(same);
    expect(key({ ...state, layer: "other" }, saliency)).toBe(same);
    expect(key({ ...state, target: { index: [281] } }, saliency)).not.toBe(same);
    expect(key({ ...state, params: {} }, saliency)).not.toBe(same);
    expect(key({ ...state, recipe: { version: 1, inputs: {} } }, saliency)).not.toBe(same);
    expect(cacheKey("run", jobOf(state, saliency, files, recipe), { ...stamps, model: "changed" })).not.toBe(same);
  });
});

describe("a state that a webview asks to run", () => {
  test("is taken where all of it can be run; defaults may be left out", () => {
    expect(checkedPanelState(JSON.parse(JSON.stringify(state)), techniques)).toEqual(state);
    const { params: _, ...few } = state;
    expect(
      checkedPanelState({ ...few, params: { saliency: { samples: 3 } }, more: [], layer: undefined }, techniques),
    ).toMatchObject({ params: { saliency: { absolute: true, samples: 3, score: "logit" } } });
    expect(checkedPanelState({ ...state, params: { ...state.params, lime: { a: 1 } } }, techniques)).toEqual(state);
  });

  // What is shown is what runs: never a default in place of what the person sees.
  test.each([
    ["technique", { technique: "lime" }],
    ["target.index", { target: { index: [-1] } }],
    ["target", { target: [285] }],
    ["layer", { layer: 9 }],
    ["explain", { explain: ["row", 3] }],
    ["moreLayers", { moreLayers: ["a", 3] }],
    ["more", { more: ["not a uri"] }],
    ["params.saliency.samples", { params: { saliency: { samples: 1e9 } } }],
    ["params.saliency.other", { params: { saliency: { other: 1 } } }],
    ["looks.opacity", { looks: { ...DEFAULT_LOOKS, opacity: 7 } }],
    ["recipe", { recipe: { version: 2, inputs: {} } }],
  ])("is refused, with its place, where something is not sound: %s", (place, change) => {
    expect(() => checkedPanelState({ ...state, ...change }, techniques)).toThrow(
      expect.objectContaining({
        name: "UsageError",
        where: place,
        message: expect.stringContaining(`"${place}"`) as string,
      }),
    );
  });

  test("is refused where it does not say which model and input", () => {
    for (const data of [undefined, {}, { ...state, input: "" }])
      expect(() => checkedPanelState(data, techniques)).toThrow(/does not name a model and an input/);
  });

  test("of a comparison as well: an entry that cannot be run is not left out in silence", () => {
    const { looks, ...common } = state;
    const comparison = {
      base: common,
      looks,
      columns: {
        kind: "method",
        entries: [
          { kind: "method", technique: "saliency" },
          { kind: "method", technique: "grad-cam" },
        ],
      },
      removed: [],
      scale: "own",
    };
    refuseChanges(comparison, readCompareState(comparison, techniques));
    for (const [place, change] of [
      [
        "columns.entries",
        {
          columns: {
            kind: "method",
            entries: [
              { kind: "method", technique: "saliency" },
              { kind: "method", technique: "lime" },
            ],
          },
        },
      ],
      ["scale", { scale: "none" }],
      ["base.target.index", { base: { ...common, target: { index: [1.5] } } }],
    ] as const) {
      const asked = { ...comparison, ...change };
      expect(() => refuseChanges(asked, readCompareState(asked, techniques))).toThrow(
        expect.objectContaining({ where: place }),
      );
    }
  });
});

describe("files that a result depends on beside model and input", () => {
  const perturbed: TechniqueInfo = {
    ...saliency,
    params: ["baseline", "mask"].map((name) => ({
      type: "text" as const,
      name,
      label: name,
      help: "",
      default: name === "baseline" ? "0" : "",
      pattern: ".*",
      problem: "",
      files: true,
    })),
  };
  const text = (tokenizer: string) => ({ kind: "text" as const, tokenizer, maxLength: 8, part: "ids" as const });
  const filesFor = (more: Partial<Recipe>, params = {}): string[] =>
    filesOf(
      {
        technique: "saliency",
        model: "/m/net.onnx",
        source: { kind: "sample", inputs: {} },
        recipe: { ...recipe, ...more },
        params,
      },
      perturbed,
    );

  test.each([
    ["none", {}, {}, []],
    ["class names given in the recipe", { classes: ["a", "b"] }, {}, []],
    ["a file of class names", { classes: "labels.txt" }, {}, ["/m/labels.txt"]],
    [
      "a file for each output",
      { classes: "labels.txt", outputs: { y: { classes: "more/y.json" }, z: { kind: "mask" as const } } },
      {},
      ["/m/labels.txt", "/m/more/y.json"],
    ],
    [
      "tokenizers, once each",
      { inputs: { ids: text("t/tokenizer.json"), mask: text("t/tokenizer.json") } },
      {},
      ["/m/t/tokenizer.json", "/m/t/tokenizer_config.json"],
    ],
    [
      "baselines and masks, numbers apart, rows of tables without their number",
      {},
      { baseline: "0, black.png,/d/rows.csv#12", mask: "parts.npy" },
      ["/m/black.png", "/d/rows.csv", "/m/parts.npy"],
    ],
    [
      "paths that hold commas, quoted, and a number sign that is a name's",
      {},
      { baseline: '"a, b.png", "/d/c,d/rows.csv#3",no#7', mask: '"say ""parts"", all.npy"' },
      ["/m/a, b.png", "/d/c,d/rows.csv", "/m/no#7", '/m/say "parts", all.npy'],
    ],
  ])("%s", (_, more, params, expected) => {
    expect(filesFor(more, params)).toEqual(expected);
  });
});
