import { describe, expect, it } from "vitest";
import type { Recipe } from "../../protocol/recipe.ts";
import { rankInputs, wantedEndings, type InputCandidate } from "./rank-inputs.ts";

const recipe = (...kinds: string[]): Pick<Recipe, "inputs"> => ({
  inputs: Object.fromEntries(kinds.map((kind, index) => [String(index), { kind }])) as Recipe["inputs"],
});
const at = (path: string): InputCandidate => ({ key: `file://${path}`, path, beside: path.startsWith("/models/") });
const none = { here: [], anywhere: [] };
const names = (groups: ReturnType<typeof rankInputs>): unknown =>
  groups.map(({ label, inputs }) => [label, ...inputs.map(({ candidate }) => candidate.path)]);

describe("the list of inputs", () => {
  it("begins with what was used last with this model, not with another", () => {
    const files = ["/models/a.csv", "/data/z.csv", "/data/b.csv", "/models/c.csv"].map(at);
    const recent = {
      here: ["file:///models/c.csv", "file:///models/a.csv"],
      anywhere: ["file:///data/z.csv", "file:///models/c.csv", "file:///models/a.csv"],
    };
    expect(names(rankInputs(files, recent, recipe("row"), new Map()))).toEqual([
      ["used last with this model", "/models/c.csv", "/models/a.csv"],
      ["other files", "/data/z.csv", "/data/b.csv"],
    ]);
  });

  it("goes on with samples, files beside the model, and others, as people sort names", () => {
    const files = ["/data/1.png", "/models/cat10.png", "/models/cat2.png", "/models/s.sample.json"].map(at);
    expect(names(rankInputs(files, none, recipe("image"), new Map()))).toEqual([
      ["samples for this model", "/models/s.sample.json"],
      ["beside the model", "/models/cat2.png", "/models/cat10.png"],
      ["other files", "/data/1.png"],
    ]);
  });

  it("ends with what cannot fit, by kind or by what its header says, and why", () => {
    const files = ["/models/cat.png", "/models/x.npy", "/models/s.sample.json", "/models/t.csv"].map(at);
    const reasons = new Map([
      ["file:///models/x.npy", "It is [1, 5]."],
      ["file:///models/s.sample.json", 'It has "tokens".'],
    ]);
    // Used last or not: what cannot fit stands last.
    const recent = { here: ["file:///models/cat.png"], anywhere: [] };
    const groups = rankInputs(files, recent, recipe("row"), reasons);
    expect(names(groups)).toEqual([
      ["beside the model", "/models/t.csv"],
      ["cannot fit", "/models/cat.png", "/models/s.sample.json", "/models/x.npy"],
    ]);
    expect(groups[1].inputs.map(({ reason }) => reason)).toEqual([
      "A picture; the model takes a table's row or an array.",
      'It has "tokens".',
      "It is [1, 5].",
    ]);
  });

  it("takes every kind where nothing is known of the model", () => {
    const files = ["/models/cat.png", "/models/t.txt"].map(at);
    expect(names(rankInputs(files, none, undefined, new Map()))).toEqual([
      ["beside the model", "/models/cat.png", "/models/t.txt"],
    ]);
  });
});

it("a dialog offers the endings that the recipe takes", () => {
  expect(wantedEndings(recipe("row"))).toEqual(["csv", "tsv", "npy", "npz"]);
  expect(wantedEndings(recipe("array"))).toEqual(["npy", "npz"]);
  expect(wantedEndings(undefined)).toContain("png");
});
