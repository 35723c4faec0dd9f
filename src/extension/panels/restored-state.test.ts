/** What tabs of earlier versions, or of nobody, leave for this one: a sound state and at most one line in the log. */
import { expect, test } from "vitest";
import { catalogue } from "../../techniques/catalogue.ts";
import { readCompareState } from "./compare-state.ts";
import { restoreState } from "./changes.ts";
import { readPanelState } from "./state.ts";

/** As version 0.1.0 keeps a panel's state. */
const kept = {
  model: "file:///m/net.onnx",
  input: "file:///m/cat.png",
  technique: "saliency",
  target: { output: "logits", index: [285] },
  params: { saliency: { absolute: false, samples: 25 } },
  looks: {
    arrangement: "overlay",
    opacity: 0.4,
    colorMap: "viridis",
    clip: 98,
    reduce: "max",
    tileSort: "index",
    tileScale: "own",
  },
};
/** As version 0.1.0 keeps a comparison's. */
const { looks, ...base } = kept;
const keptComparison = {
  base,
  looks,
  columns: {
    kind: "method",
    entries: [
      { kind: "method", technique: "saliency" },
      { kind: "method", technique: "grad-cam" },
    ],
  },
  rows: {
    kind: "target",
    entries: [
      { kind: "target", target: { index: [285] }, label: "Egyptian cat" },
      { kind: "target", target: { index: [282] }, label: "tiger cat" },
    ],
  },
  removed: [],
  scale: "method",
};

function panel(data: unknown): { readonly state: unknown; readonly log: readonly string[] } {
  const log: string[] = [];
  return {
    state: restoreState(
      data,
      (one) => readPanelState(one, catalogue),
      (line) => log.push(line),
    ),
    log,
  };
}

function comparison(data: unknown): { readonly state: unknown; readonly log: readonly string[] } {
  const log: string[] = [];
  return {
    state: restoreState(
      data,
      (one) => readCompareState(one, catalogue),
      (line) => log.push(line),
    ),
    log,
  };
}

test("a panel of an earlier version comes back as it was, and the log says nothing", () => {
  const { state, log } = panel(JSON.parse(JSON.stringify(kept)));
  expect(state).toMatchObject(kept);
  expect(log).toEqual([]);
});

test("a comparison of an earlier version, too", () => {
  const { state, log } = comparison(JSON.parse(JSON.stringify(keptComparison)));
  expect(state).toMatchObject(keptComparison);
  expect(log).toEqual([]);
});

test.each<[string, Record<string, unknown>, string]>([
  ["a method that is no more", { technique: "score-cam-2" }, "restored without technique"],
  [
    "a method's option that is no more, and one out of its range",
    { params: { saliency: { absolute: false, smooth: true, samples: -1 } } },
    "restored without params.saliency.smooth, params.saliency.samples",
  ],
  ["options of a method that is no more", { params: { lime: { segments: 3 } } }, "restored without params.lime"],
  [
    "a display option of another kind",
    { looks: { ...looks, colorMap: "jet", grid: true } },
    "restored without looks.colorMap, looks.grid",
  ],
  ["a field that there is not", { source: { kind: "sample" } }, "restored without source"],
  ["a recipe of another version", { recipe: { version: 7, inputs: {} } }, "restored without recipe"],
])("of a panel with %s the rest comes back, with one line in the log", (_, change, line) => {
  const { state, log } = panel({ ...kept, ...change });
  expect(state).toMatchObject({ model: kept.model, input: kept.input, target: kept.target });
  expect(log).toEqual([line]);
  // What is left is sound: the next reload has nothing to say.
  expect(panel(state)).toEqual({ state, log: [] });
});

test.each<[string, Record<string, unknown>, string]>([
  [
    "an entry that cannot be compared any more",
    {
      columns: { kind: "method", entries: [...keptComparison.columns.entries, { kind: "method", technique: "lime" }] },
    },
    "restored without columns.entries",
  ],
  ["rows of an unknown kind", { rows: { kind: "recipe", entries: [{}] } }, "restored without rows"],
  ["a scale that there is not", { scale: "logarithmic" }, "restored without scale"],
])("of a comparison with %s the rest comes back, with one line in the log", (_, change, line) => {
  const { state, log } = comparison({ ...keptComparison, ...change });
  expect(state).toMatchObject({ base: keptComparison.base, looks });
  expect(log).toEqual([line]);
  expect(comparison(state)).toEqual({ state, log: [] });
});

test.each([undefined, null, "a text", 7, [], {}, { ...kept, model: undefined }, { ...kept, input: 3 }])(
  "what does not say which model and input is not restored, with one line in the log: %j",
  (data) => {
    const line = "not restored: the saved state does not say what it showed";
    expect(panel(data)).toEqual({ state: undefined, log: [line] });
    expect(comparison({ ...keptComparison, base: data })).toEqual({ state: undefined, log: [line] });
  },
);
