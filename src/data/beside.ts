import { readdir } from "node:fs/promises";
import path from "node:path";
import { REPOSITORY_FILES } from "../model/beside.ts";
import { DataError } from "../model/errors.ts";
import { isRecipeName } from "../protocol/recipe.ts";
import { parseJson, readBeside } from "./files.ts";

export type Json = Readonly<Record<string, unknown>>;

/** What lies beside a model and tells of its inputs and classes. */
export interface FilesBeside {
  /** preprocessor_config.json (Hugging Face). */
  readonly preprocessor?: Json;
  /** config.json (Hugging Face, timm). */
  readonly config?: Json;
  /** The tokenizer's file name. */
  readonly tokenizer?: string;
  /** The tokenizer's longest input in tokens. */
  readonly maxLength?: number;
  /** Files that may hold class names, the likeliest first. */
  readonly classFiles: readonly string[];
  /** A file's name with the way to it: "config.json", "../config.json". */
  nameOf(file: string): string;
  /** Sentences about files that could not be used. */
  readonly problems: readonly string[];
}

const fileLimit = 16 * 2 ** 20;

const classPatterns: readonly RegExp[] = [
  /^(labels|classes|class[-_]names|id2label|categories)\.(txt|json|names)$/i,
  /\.labels(\.txt)?$/i,
  /\.names$/i,
  /(classes|labels|class_index)\.(txt|json)$/i,
];

/**
 * Looks into a model's folder, and for a repository's own files into the one above a folder called `onnx`. Whatever
 * cannot be read there is a problem to be told, never an error: it was only a hint.
 */
export async function readFilesBeside(modelPath: string): Promise<FilesBeside> {
  const folder = path.dirname(modelPath);
  const problems: string[] = [];
  const names = await readdir(folder).catch((): string[] => []);
  const above =
    path.basename(path.resolve(folder)) === "onnx"
      ? (await readdir(path.dirname(path.resolve(folder))).catch((): string[] => [])).filter(
          (name) => REPOSITORY_FILES.has(name) && !names.includes(name),
        )
      : [];
  const nameOf = (file: string): string => (above.includes(file) ? `../${file}` : file);
  const read = async (file: string): Promise<Json | undefined> => {
    if (!names.includes(file) && !above.includes(file)) return undefined;
    const name = nameOf(file);
    try {
      const bytes = await readBeside(modelPath, name, fileLimit);
      const json = bytes && parseJson(bytes, name);
      return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Json) : undefined;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push(`${name} beside the model could not be used: ${error.message}`);
      return undefined;
    }
  };
  const files = ["preprocessor_config.json", "config.json", "tokenizer_config.json"];
  const [preprocessor, config, tokenizerConfig] = await Promise.all(files.map(read));
  const longest = [tokenizerConfig?.model_max_length, config?.max_position_embeddings].find(
    (length): length is number =>
      typeof length === "number" && Number.isInteger(length) && length > 0 && length <= 1_000_000,
  );
  return {
    preprocessor,
    config,
    problems,
    maxLength: longest,
    nameOf,
    tokenizer:
      names.includes("tokenizer.json") || above.includes("tokenizer.json") ? nameOf("tokenizer.json") : undefined,
    classFiles: classFilesOf(names, path.basename(modelPath), config).map(nameOf),
  };
}

function classFilesOf(names: readonly string[], modelName: string, config: Json | undefined): string[] {
  const stem = path.parse(modelName).name.toLowerCase();
  const rank = (name: string): number => classPatterns.findIndex((pattern) => pattern.test(name));
  const found = names.filter((name) => rank(name) >= 0 && !isRecipeName(name));
  // A file named after the model first, then by how plainly its name says what it holds.
  const own = (name: string): number => (name.toLowerCase().startsWith(stem) ? 0 : 1);
  found.sort((a, b) => own(a) - own(b) || rank(a) - rank(b) || (a < b ? -1 : 1));
  if (!config || !("id2label" in config || "label_names" in config)) return found;
  return [...found.filter((name) => own(name) === 0), "config.json", ...found.filter((name) => own(name) === 1)];
}
