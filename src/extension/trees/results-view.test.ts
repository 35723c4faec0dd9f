import { expect, test } from "vitest";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { catalogue } from "../../techniques/catalogue.ts";
import type { KeptEntry } from "../results-store.ts";
import { resultFacts } from "./results-view.ts";

const id = "0".repeat(36);
const base = {
  model: "file:///m/net.onnx",
  input: "file:///m/cat.png",
  technique: "saliency",
  target: { index: [285] },
  params: {},
};
const result: KeptEntry = {
  kind: "result",
  id,
  made: Date.UTC(2024, 4, 17, 12),
  state: { ...base, looks: DEFAULT_LOOKS, pinned: id },
  target: "Egyptian cat",
};

test("a result says its method, input, target, model and when", () => {
  const { label, description, lines } = resultFacts(result, catalogue);
  expect(label).toBe("Saliency");
  expect(description).toMatch(/^cat\.png · Egyptian cat · net · .*2024/);
  expect(lines.slice(0, 4)).toEqual([
    "Model: /m/net.onnx",
    "Method: Saliency",
    "Input: cat.png",
    "Target: Egyptian cat",
  ]);
  expect(lines[4]).toMatch(/^Pinned: .*2024/);
});

test("a name of the person's own comes first, the method after it", () => {
  const { label, usual, description } = resultFacts({ ...result, name: "ears" }, catalogue);
  expect([label, usual]).toEqual(["ears", "Saliency"]);
  expect(description).toMatch(/^Saliency · cat\.png/);
});

test("a comparison says what is compared, by which entries; a target only where all cells share it", () => {
  const comparison: KeptEntry = {
    kind: "comparison",
    id,
    made: 0,
    state: {
      base,
      columns: {
        kind: "method",
        entries: [
          { kind: "method", technique: "saliency" },
          { kind: "method", technique: "grad-cam" },
        ],
      },
      removed: [],
      looks: DEFAULT_LOOKS,
      scale: "own",
      kept: id,
    },
  };
  const facts = resultFacts(comparison, catalogue);
  expect(facts.label).toBe("Comparison of 2 methods");
  expect(facts.description).toBe("cat.png · 285 · net");
  expect(facts.lines).toContain("Methods: Saliency, Grad-CAM");
  const byTarget: KeptEntry = {
    ...comparison,
    state: {
      ...comparison.state,
      rows: { kind: "target", entries: [{ kind: "target", target: { index: [3] }, label: "tiger shark" }] },
    },
  };
  expect(resultFacts(byTarget, catalogue).label).toBe("Comparison of 2 methods × 1 target");
  expect(resultFacts(byTarget, catalogue).description).toBe("cat.png · net");
});
