import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isFloat } from "../model/graph.ts";
import { brokenFetch } from "../techniques/framework/diagnose.ts";
import { refusedSize } from "../techniques/framework/refused-size.ts";
import { readFeeds } from "../techniques/framework/prepared-input.ts";
import { resolveLayer } from "../techniques/framework/layer-names.ts";
import { hasSubgraph } from "../model/inner-names.ts";
import { hasValue, type LoadedModel } from "../runtime/models.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { kindOf, unpack } from "../runtime/non-tensors.ts";
import { floatsOf, type Feeds, type TensorValue } from "../runtime/ort.ts";
import { ONNX } from "../protocol/formats.ts";
import { remark } from "./remarks.ts";
import { inputsOf, oneSample, threadCount } from "./arguments.ts";
import { command, ONE_SAMPLE, type Values } from "./options.ts";
import { FetchedFiles } from "./fetched-files.ts";

const OPTIONS = {
  input: { needed: "usually", help: ONE_SAMPLE },
  fetch: { needed: "always" },
  out: { value: "DIR", needed: "always", help: "The folder to write." },
  recipe: {},
  threads: {},
} as const;

/** Each value as .npy, texts and maps as .json, and index.json that maps names to files. */
export const run = command({
  name: "run",
  summary: "Runs a model and saves values: each as .npy, texts and maps as .json, and index.json with their names.",
  positional: ["MODEL"],
  options: OPTIONS,
  example: `run model.${ONNX.extensions[0]} --input cat.png --fetch logits --out values`,
  run: ({ positional: [path], options }) => runFetch(path, options),
});

async function runFetch(path: string, options: Values<typeof OPTIONS>): Promise<number> {
  const models = new ModelCache({ threads: threadCount(options.threads) });
  try {
    const model = await models.get(path);
    const { feeds, samples } = await readFeeds(model, oneSample(await inputsOf(model, options)));
    for (const { notes = [] } of Object.values(samples)) for (const note of notes) remark(note);
    const names: { asked: string; value: string }[] = [];
    for (const asked of new Set(options.fetch)) names.push({ asked, value: await fetchable(model, feeds, asked) });
    const { graph } = model.model;
    const tensors = new Set(names.map(({ value }) => value).filter((value) => kindOf(graph, value) === "tensor"));
    const values =
      tensors.size > 0
        ? await model.forward(feeds, [...tensors]).catch(async (error: unknown) => {
            throw await refusedSize(model, feeds, samples, error);
          })
        : new Map<string, TensorValue>();
    await mkdir(options.out, { recursive: true });
    const files = new FetchedFiles(options.out);
    const index: Record<string, unknown> = {};
    for (const { asked, value } of names) {
      const tensor = values.get(value);
      const broken =
        tensor && isFloat(tensor.dataType)
          ? await brokenFetch(
              { model, feeds, signal: new AbortController().signal, traced: () => model.traced(feeds) },
              asked,
              floatsOf(tensor),
            )
          : undefined;
      if (broken !== undefined) remark(broken);
      index[asked] = tensor
        ? await files.tensor(asked, value, tensor)
        : await files.unpacked(asked, value, await unpack(model, feeds, value));
    }
    await writeFile(join(options.out, "index.json"), `${JSON.stringify(index, null, 2)}\n`);
    return 0;
  } finally {
    models.dispose();
  }
}

/**
 * The value that a name of a layer or value stands for; names inside branches and loops are those of the model written
 * out for the feeds.
 */
async function fetchable(model: LoadedModel, feeds: Feeds, asked: string): Promise<string> {
  const { graph } = model.model;
  const isOutside =
    hasValue(graph, asked) ||
    !graph.nodes.some(hasSubgraph) ||
    graph.nodes.some(({ name }) => name !== "" && name === asked.replace(/^node:/, ""));
  const searched = isOutside ? graph : (await model.traced(feeds)).graph;
  return hasValue(searched, asked) ? asked : resolveLayer(searched, asked, model);
}
