import path from "node:path";
import type { Tokenizer } from "@huggingface/tokenizers";
import { DataError } from "../model/errors.ts";
import { hasEnding, TEXT_EXTENSIONS } from "../protocol/file-types.ts";
import type { TextRecipe } from "../protocol/recipe.ts";
import { isRecord } from "../protocol/json.ts";
import { decodeText, parseJson, readBeside, readBytes, sha256 } from "./files.ts";

const textLimit = 16 * 2 ** 20;
const tokenizerLimit = 256 * 2 ** 20;

/** A text for a text recipe: what a .txt or .md file holds, or else `spec` itself. */
export async function readText(spec: string): Promise<{ text: string; name: string; hash: string; isFile: boolean }> {
  if (!spec.includes("\n") && hasEnding(spec, TEXT_EXTENSIONS)) {
    const bytes = await readBytes(spec, textLimit);
    return { text: decodeText(bytes, spec), name: path.basename(spec), hash: sha256(bytes), isFile: true };
  }
  return {
    text: spec,
    name: spec.length > 40 ? `${[...spec].slice(0, 39).join("")}…` : spec,
    hash: sha256(spec),
    isFile: false,
  };
}

/**
 * The part of a tokenized text that an input takes. Longer texts than the recipe's are cut before the special tokens at
 * the end are added, as transformers does; `length` pads to the model's fixed length. `of` is how many tokens the whole
 * text has.
 */
export async function tokenize(
  text: string,
  recipe: TextRecipe,
  modelPath: string,
  length?: number,
): Promise<{ values: number[]; tokens: string[]; of: number }> {
  const { tokenizer, padding } = await loadTokenizer(modelPath, recipe.tokenizer);
  const whole = tokenizer.encode(text, { return_token_type_ids: true });
  const bare = tokenizer.encode(text, { add_special_tokens: false });
  const limit = Math.min(recipe.maxLength, length ?? Infinity);
  const kept = keptPositions(whole.ids, bare.ids, limit);
  const types: readonly number[] = whole.token_type_ids ?? [];
  const parts: Record<TextRecipe["part"], number[]> = {
    ids: kept.map((i) => whole.ids[i]),
    "attention-mask": kept.map(() => 1),
    "type-ids": kept.map((i) => types[i] ?? 0),
    positions: kept.map((_, position) => position),
  };
  const values = parts[recipe.part];
  const tokens = kept.map((i) => whole.tokens[i]);
  while (length !== undefined && values.length < length) {
    values.push(recipe.part === "ids" ? padding.id : recipe.part === "positions" ? values.length : 0);
    tokens.push(padding.token);
  }
  return { values, tokens, of: whole.ids.length };
}

/** All positions, or with the middle left out: the special tokens before and after the text stay. */
function keptPositions(whole: readonly number[], bare: readonly number[], most: number): number[] {
  const all = whole.map((_, i) => i);
  if (whole.length <= most) return all;
  const special = whole.length - bare.length;
  const starts = Array.from({ length: special + 1 }, (_, i) => i);
  const before = Math.max(
    0,
    starts.findIndex((start) => bare.every((id, i) => whole[start + i] === id)),
  );
  const after = special - before;
  if (most <= special) return all.slice(0, most);
  return [...all.slice(0, most - after), ...all.slice(all.length - after)];
}

/** A token that stands for none of the text's own. */
export interface SpecialToken {
  readonly kind: "mask" | "padding" | "unknown";
  readonly id: number;
  readonly text: string;
}

/** What tokenizers call them, where their own files do not say. */
const SPECIAL_TOKENS: Readonly<
  Record<SpecialToken["kind"], { readonly field: string; readonly usual: readonly string[] }>
> = {
  mask: { field: "mask_token", usual: ["[MASK]", "<mask>"] },
  padding: { field: "pad_token", usual: ["[PAD]", "<pad>"] },
  unknown: { field: "unk_token", usual: ["[UNK]", "<unk>"] },
};

/**
 * The token that a tokenizer has for a kind; undefined where it has none. DataError where the tokenizer cannot be read.
 */
export async function specialToken(
  modelPath: string,
  tokenizer: string,
  kind: SpecialToken["kind"],
): Promise<SpecialToken | undefined> {
  const loaded = await loadTokenizer(modelPath, tokenizer);
  const { field, usual } = SPECIAL_TOKENS[kind];
  for (const text of [loaded.named[field], ...usual]) {
    const id = text === undefined ? undefined : loaded.tokenizer.token_to_id(text);
    if (id !== undefined) return { kind, id, text: text! };
  }
  return undefined;
}

/**
 * Tokens by their numbers, as the tokenizer has them ("##ing", "Ġthe"); undefined for numbers that it does not have. The
 * tokenizer is the recipe's, relative to the model's folder.
 */
export async function tokensOf(
  modelPath: string,
  tokenizer: string,
  ids: readonly number[],
): Promise<readonly (string | undefined)[]> {
  const loaded = await loadTokenizer(modelPath, tokenizer);
  return ids.map((id) => loaded.tokenizer.id_to_token(id) ?? undefined);
}

interface LoadedTokenizer {
  /** Special tokens by their fields in tokenizer_config.json, and the model's unk_token. */
  readonly named: Readonly<Record<string, string | undefined>>;
  readonly tokenizer: Tokenizer;
  readonly padding: { readonly id: number; readonly token: string };
}

/** The last one is kept by its content: parsing a vocabulary takes up to a second. */
let last: { readonly hash: string; readonly loaded: LoadedTokenizer } | undefined;

async function loadTokenizer(modelPath: string, name: string): Promise<LoadedTokenizer> {
  const folder = path.dirname(modelPath);
  const bytes = await readBeside(modelPath, name, tokenizerLimit);
  const where = path.join(folder, name);
  if (!bytes)
    throw new DataError(
      `The tokenizer "${name}" is not beside the model.`,
      folder,
      "Copy the model's tokenizer.json there.",
    );
  const configName = path.join(path.dirname(name), "tokenizer_config.json");
  const configBytes = await readBeside(modelPath, configName, textLimit);
  const hash = sha256(bytes, configBytes ?? "");
  if (last?.hash === hash) return last.loaded;
  const json = parseJson(bytes, where);
  const config = configBytes ? parseJson(configBytes, path.join(folder, configName)) : {};
  if (!isRecord(json) || !isRecord(json.model) || !isRecord(config)) {
    throw new DataError("This is not a tokenizer in Hugging Face's format.", where);
  }
  const { Tokenizer } = await import("@huggingface/tokenizers");
  try {
    const tokenizer = new Tokenizer(json, config);
    last = {
      hash,
      loaded: { tokenizer, padding: paddingOf(tokenizer, json, config), named: namedTokens(json.model, config) },
    };
    return last.loaded;
  } catch (error) {
    throw new DataError(`The tokenizer could not be loaded: ${(error as Error).message}`, where);
  }
}

function paddingOf(
  tokenizer: Tokenizer,
  json: Record<string, unknown>,
  config: Record<string, unknown>,
): LoadedTokenizer["padding"] {
  if (isRecord(json.padding) && typeof json.padding.pad_id === "number") {
    return { id: json.padding.pad_id, token: String(json.padding.pad_token ?? "") };
  }
  const token = isRecord(config.pad_token) ? config.pad_token.content : config.pad_token;
  const candidates = [token, "[PAD]", "<pad>", "<|endoftext|>"].filter((one): one is string => typeof one === "string");
  for (const candidate of candidates) {
    const id = tokenizer.token_to_id(candidate);
    if (id !== undefined) return { id, token: candidate };
  }
  return { id: 0, token: "" };
}

function namedTokens(model: Record<string, unknown>, config: Record<string, unknown>): LoadedTokenizer["named"] {
  const textOf = (token: unknown): string | undefined =>
    typeof token === "string"
      ? token
      : isRecord(token) && typeof token.content === "string"
        ? token.content
        : undefined;
  return Object.fromEntries(
    Object.values(SPECIAL_TOKENS).map(({ field }) => [
      field,
      textOf(config[field]) ?? (field === "unk_token" ? textOf(model.unk_token) : undefined),
    ]),
  );
}
