import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../model/errors.ts";
import { encodeNpyArray } from "../draw/npy.ts";
import { readFeeds } from "../techniques/prepared-input.ts";
import { resolveLayer } from "../techniques/layers.ts";
import { hasSubgraph } from "../model/inner-names.ts";
import { hasValue, ModelCache, type LoadedModel } from "../runtime/models.ts";
import type { Feeds, TensorValue } from "../runtime/ort.ts";
import { remark } from "./remarks.ts";
import { inputsOf, oneSample, parseArguments, threadCount } from "./arguments.ts";

/** `neural-loupe run MODEL --input ... --fetch VALUE... --out DIR`: each value as .npy, and index.json that maps names to files. */
export async function runFetch(args: readonly string[]): Promise<number> {
  const { model: path, options } = parseArguments(args, ["input", "fetch", "recipe", "out", "threads"], ["fetch", "out"]);
  const models = new ModelCache({ threads: threadCount(options.threads) });
  try {
    const model = await models.get(path);
    const { feeds, samples } = await readFeeds(model, oneSample(await inputsOf(model, options)));
    for (const { notes = [] } of Object.values(samples)) for (const note of notes) remark(note);
    const names: { asked: string; value: string }[] = [];
    for (const asked of new Set(options.fetch)) names.push({ asked, value: await fetchable(model, feeds, asked) });
    const values = await model.forward(feeds, [...new Set(names.map(({ value }) => value))]);
    await mkdir(options.out!, { recursive: true });
    const taken = new Set(["index.json"]);
    const index: Record<string, unknown> = {};
    for (const { asked, value } of names) {
      const tensor = values.get(value)!;
      const file = fileName(asked, taken);
      await writeFile(join(options.out!, file), npyOf(tensor, value));
      index[asked] = { file, value, dtype: tensor.dataType, dims: tensor.dims };
    }
    await writeFile(join(options.out!, "index.json"), `${JSON.stringify(index, null, 2)}\n`);
    return 0;
  } finally {
    models.dispose();
  }
}

/** The value that a name of a layer or value stands for; names inside branches and loops are those of the model written out for the feeds. */
async function fetchable(model: LoadedModel, feeds: Feeds, asked: string): Promise<string> {
  const { graph } = model.model;
  const isOutside = hasValue(graph, asked) || !graph.nodes.some(hasSubgraph) || graph.nodes.some(({ name }) => name !== "" && name === asked.replace(/^node:/, ""));
  const searched = isOutside ? graph : (await model.traced(feeds)).graph;
  return hasValue(searched, asked) ? asked : resolveLayer(searched, asked, model);
}

/** Every character but letters, digits, ".", "_", "-" becomes "_"; a second of the same name gets "_2". */
export function fileName(value: string, taken: Set<string>): string {
  const base = value.replace(/[^A-Za-z0-9._-]/g, "_") || "_";
  let name = `${base}.npy`;
  for (let count = 2; taken.has(name); count++) name = `${base}_${count}.npy`;
  taken.add(name);
  return name;
}

function npyOf(tensor: TensorValue, name: string): Uint8Array {
  if (!ArrayBuffer.isView(tensor.data)) throw new UsageError(`"${name}" holds ${tensor.dataType}s, which .npy files here do not.`, name);
  return encodeNpyArray(tensor.dims, tensor.dataType, new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
}
