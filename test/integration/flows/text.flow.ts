// A text through a model of tokens: which words the answer rests on.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { engineIdle, panelFrame, testid } from "./person.ts";

const model = (root: string): Uint8Array => readFileSync(path.join(root, "test/reference/bert/bert-dynamo.onnx"));
/** As many words as the model has token numbers. */
const words = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  ..."the a film was is not bad good at all and cast wonderful dull slow story it we loved hated every minute of this one more time".split(
    " ",
  ),
];
const vocabulary = Object.fromEntries(
  [...words, ...Array.from({ length: 60 - words.length }, (_, i) => `[unused${i}]`)].map((word, index) => [
    word,
    index,
  ]),
);

const tokenizer = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map((content) => ({
    id: vocabulary[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  post_processor: {
    type: "TemplateProcessing",
    pair: [],
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
    ],
    special_tokens: Object.fromEntries(
      ["[CLS]", "[SEP]"].map((token) => [token, { id: token, ids: [vocabulary[token]], tokens: [token] }]),
    ),
  },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: vocabulary,
  },
};

const text = (part: string): unknown => ({ kind: "text", tokenizer: "tokenizer.json", maxLength: 12, part });
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

flow(
  "the words that an answer rests on",
  {
    samples: false,
    files: {
      "review.onnx": model(root),
      "tokenizer.json": JSON.stringify(tokenizer),
      "review.txt": "The film was not bad and the cast wonderful",
      "review.loupe.json": JSON.stringify({
        version: 1,
        inputs: { input_ids: text("ids"), attention_mask: text("attention-mask") },
        classes: ["negative", "neutral", "positive"],
      }),
    },
  },
  async ({ workbench, vscode, step, screenshot }) => {
    const frame = await step("a text file is the input", async () => {
      await workbench.openFile("review.onnx");
      await workbench.runCommand("Neural Loupe: Visualize Integrated Gradients");
      await workbench.pick("review.txt");
      await workbench.pick("negative");
      const frame = await panelFrame(workbench);
      await testid(frame, "tokens").waitFor();
      return frame;
    });
    await step("its tokens are coloured, and say their values", async () => {
      await engineIdle(vscode);
      assert.equal(await testid(frame, "token-1").innerText(), "the");
      assert.equal(await testid(frame, "token-0").innerText(), "[CLS]");
      await testid(frame, "token-5").hover();
      await eventually(async () => assert.match(await testid(frame, "token-reading").innerText(), /bad · token 5 · /));
      assert.match((await frame.locator("[data-testid=note]").allInnerTexts()).join(" "), /Convergence delta/);
      await screenshot("tokens-dark");
    });
  },
);
