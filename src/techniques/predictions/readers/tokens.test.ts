/** Tokens by place; the reference is NumPy's: test/reference/outputs/make.py. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { saveResult } from "../../../draw/encode/save.ts";
import type { BarsArtifact, TokenScoresArtifact } from "../../../protocol/artifacts.ts";
import { DEFAULT_LOOKS } from "../../../protocol/looks.ts";
import type { Recipe } from "../../../protocol/recipe.ts";
import type { WholeResult } from "../../../protocol/result.ts";
import { ModelCache } from "../../../runtime/model-cache.ts";
import { int, ints, node, runOn, weight, writeSmallModel } from "../../../../test/support/models.ts";

const { tokens: reference } = JSON.parse(
  readFileSync(new URL("../../../../test/reference/outputs/cases.json", import.meta.url), "utf8"),
) as {
  readonly tokens: { readonly logits: number[]; readonly top: readonly number[][]; readonly probabilities: number[] };
};
const [places, vocabulary] = [5, 40];
const words = Array.from({ length: vocabulary }, (_, id) => `w${id}`);
const text = "w3 w1 w4 w1 w5";

let folder: string;
let models: ModelCache;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-tokens-"));
  models = new ModelCache();
  writeFileSync(
    join(folder, "tokenizer.json"),
    JSON.stringify({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: null,
      post_processor: null,
      decoder: null,
      model: { type: "WordLevel", unk_token: "w0", vocab: Object.fromEntries(words.map((word, id) => [word, id])) },
      pre_tokenizer: { type: "Whitespace" },
    }),
  );
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;
/** Looks tokens up in a table of ones, and adds the mean of each place's vector, less one, to these logits. */
function model(logits: ArrayLike<number>, size = vocabulary): string {
  return writeSmallModel(folder, `m${made++}.onnx`, {
    inputs: { tokens: ["int64", 1, places] },
    outputs: ["logits"],
    weights: [
      weight("table", [vocabulary, 4], new Float32Array(4 * vocabulary).fill(1)),
      weight("one", [], [1]),
      weight("c", [1, places, size], Float32Array.from(logits)),
    ],
    nodes: [
      node("Gather", ["table", "tokens"], ["vectors"], { axis: int(0) }),
      node("ReduceMean", ["vectors"], ["mean"], { axes: ints(2), keepdims: int(1) }),
      node("Sub", ["mean", "one"], ["zero"]),
      node("Add", ["c", "zero"], ["logits"]),
    ],
  });
}
const input = { kind: "text" as const, tokenizer: "tokenizer.json", maxLength: 8, part: "ids" as const };
const recipe: Recipe = { version: 1, inputs: { tokens: input } };
const read = (path: string, more: Parameters<typeof runOn>[4] = {}): Promise<WholeResult> =>
  runOn(models, path, text, "predictions", { recipe, ...more });
const scoresOf = ({ views: [first] }: WholeResult): TokenScoresArtifact => {
  if (first.kind !== "token-scores") throw new Error(`The first view is ${first.kind}.`);
  return first;
};

describe("scores of a vocabulary at each place", () => {
  test("are the most probable tokens of each place, as NumPy's softmax, with the input's token and a target", async () => {
    const artifact = scoresOf(await read(model(reference.logits), { params: { top: 3 } }));
    expect(artifact.rows.map(({ token }) => token)).toEqual(text.split(" "));
    artifact.rows.forEach(({ top }, place) => {
      expect(top.map(({ index }) => index)).toEqual(reference.top[place]);
      expect(top.map(({ token }) => token)).toEqual(reference.top[place].map((id) => words[id]));
      top.forEach(({ value, target, index }, rank) => {
        expect(value).toBeCloseTo(reference.probabilities[3 * place + rank], 6);
        expect(target).toBe(`${place},${index}`);
      });
    });
    expect(artifact).toMatchObject({ vocabulary, noun: "token", share: true, dims: [places, 3] });
  });

  test("a token's target is that element of the output", async () => {
    const path = model(reference.logits);
    const [, { top }] = scoresOf(await read(path)).rows;
    const result = await runOn(models, path, text, "saliency", {
      recipe,
      target: { output: "logits", index: top[0].target.split(",").map(Number) },
    });
    expect(result.provenance.target?.index).toEqual([1, reference.top[1][0]]);
  });

  test("five are listed at first, all where as many are asked for", async () => {
    const path = model(reference.logits);
    const usual = await read(path);
    expect(scoresOf(usual).dims).toEqual([places, 5]);
    const more = await read(path, { params: { top: 100 } });
    expect(scoresOf(more).dims).toEqual([places, vocabulary]);
  });

  test("are classes where the numbers have names, and numbers where there is no tokenizer", async () => {
    const path = model(reference.logits);
    const names = words.map((_, id) => `tag ${id}`);
    const tags = scoresOf(await read(path, { recipe: { ...recipe, classes: names } }));
    expect(tags).toMatchObject({ noun: "class", title: "Classes by place" });
    expect(tags.rows[0].top[0].token).toBe(`tag ${reference.top[0][0]}`);
  });

  test("of a large vocabulary only what is listed leaves the engine; the array keeps all", async () => {
    const size = 250_000;
    const logits = new Float32Array(places * size);
    logits[2 * size + 77_777] = 9;
    const result = await read(model(logits, size));
    const bars = result.views.find((view): view is BarsArtifact => view.id === "predictions")!;
    expect(scoresOf(result).rows[2].top[0].index).toBe(77_777);
    expect(bars.values).toHaveLength(0);
    expect(bars.items[0].target).toBe("2,77777");
    expect(result.arrays[0].view).toBeUndefined();
    expect(result.arrays[0].values).toHaveLength(places * size);
  });

  test("are a table and JSON with a row for each token", async () => {
    const result = await read(model(reference.logits), { params: { top: 2 } });
    const [head, row] = new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "csv")).split("\r\n");
    expect(head).toBe("place,input,rank,token,index,probability,target");
    expect(row).toMatch(new RegExp(`^0,w3,1,w${reference.top[0][0]},${reference.top[0][0]},`));
    const json = JSON.parse(new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "json"))) as {
      tokensByPlace: { places: unknown[] };
    };
    expect(json.tokensByPlace).toMatchObject({ output: "logits", vocabulary });
    expect(json.tokensByPlace.places).toHaveLength(places);
    expect(new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "svg"))).toContain(`w${reference.top[4][0]} `);
  });
});
