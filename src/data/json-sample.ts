import path from "node:path";
import { DataError } from "../model/errors.ts";
import type { ValueDescription } from "../protocol/model.ts";
import { isRecord } from "../protocol/json.ts";
import { parseJson, readBytes, sha256 } from "./files.ts";
import { matchDims, shapeText } from "./shape.ts";
import { convertElements, elementTypeOf, type ElementType, type TensorData } from "./tensor.ts";

const fileLimit = 64 * 2 ** 20;

export function isJson(spec: string): boolean {
  return /\.json$/i.test(spec);
}

export interface JsonSample {
  readonly name: string;
  readonly hash: string;
  readonly dataType: ElementType | "string";
  readonly dims: readonly number[];
  readonly data: TensorData | readonly string[];
  readonly labels?: readonly string[];
  readonly notes?: readonly string[];
}

type JsonInput = Pick<ValueDescription, "name" | "type" | "dims" | "tensor">;

/**
 * The names of the inputs that a .json file has something for: an object's keys. Undefined where it holds one value or
 * list.
 */
export async function jsonKeys(spec: string): Promise<readonly string[] | undefined> {
  const json = parseJson(await readBytes(spec, fileLimit), spec);
  return isRecord(json) ? Object.keys(json) : undefined;
}

/**
 * A .json file as what the model's input takes: a text or number, a list of them, lists of lists for more axes; or an
 * object with one of these for each input. A batch axis of one, and a last axis of one, are added where exactly they
 * are missing. Throws a DataError that names what does not fit.
 */
export async function readJsonSample(spec: string, input: JsonInput): Promise<JsonSample> {
  const bytes = await readBytes(spec, fileLimit);
  const json = parseJson(bytes, spec);
  const keys = input.tensor?.keys;
  const entries =
    !keys || !isRecord(json)
      ? undefined
      : isRecord(json[input.name])
        ? json[input.name]
        : Object.hasOwn(json, input.name)
          ? undefined
          : json;
  if (keys && isRecord(entries))
    return mapSample(entries, keys, { spec, hash: sha256(bytes, `#${input.name}`), input });
  if (isRecord(json) && !Object.hasOwn(json, input.name)) {
    throw new DataError(
      `The file has no entry for the input "${input.name}".`,
      spec,
      `It has ${Object.keys(json).join(", ") || "nothing"}.`,
    );
  }
  const value = isRecord(json) ? json[input.name] : json;
  return sampleOfValues(value, input, {
    name: path.basename(spec),
    hash: sha256(bytes, `#${input.name}`),
    where: spec,
  });
}

/**
 * A number, text or nested list as what the model's input takes. Axes as in readJsonSample. Throws a DataError that
 * names what does not fit.
 */
export function sampleOfValues(
  value: unknown,
  input: JsonInput,
  { name, hash, where }: { readonly name: string; readonly hash: string; readonly where: string | undefined },
): JsonSample {
  const values: unknown[] = [];
  const holder = where === undefined ? "The sample" : "The file";
  const has = where === undefined ? "the sample has" : "the file has";
  const found = flatten(value, values, where);
  const dims = matchDims(
    withLastAxis(found, input),
    input,
    where,
    `${holder} has`,
    'A nested list has one axis per level: [["a", "b"]] is [1, 2].',
  );
  if (input.type === "string") {
    const other = values.find((one) => typeof one !== "string");
    if (other !== undefined)
      throw new DataError(
        `The input "${input.name}" takes text, but ${has} ${JSON.stringify(other)}.`,
        where,
        `Put it in quotes: "${String(other)}".`,
      );
    return { name, hash, dataType: "string", dims, data: values as string[] };
  }
  const dataType = elementTypeOf(input.type, input.name);
  const text = values.find((one) => typeof one !== "number" && typeof one !== "boolean");
  if (text !== undefined)
    throw new DataError(
      `The input "${input.name}" takes numbers (${input.type}), but ${has} ${JSON.stringify(text)}.`,
      where,
    );
  return {
    name,
    hash,
    dataType,
    dims,
    data: convertElements(Float64Array.from(values as number[], Number), "float64", dataType, where),
  };
}

/**
 * A map by the model's keys: what it has none of is 0 or the empty text; keys that the model does not know say nothing
 * to it.
 */
function mapSample(
  entries: Record<string, unknown>,
  keys: readonly string[],
  { spec, hash, input }: { spec: string; hash: string; input: JsonInput },
): JsonSample {
  const isText = input.type === "string";
  const wrong = keys.find(
    (key) => Object.hasOwn(entries, key) && typeof entries[key] !== (isText ? "string" : "number"),
  );
  if (wrong !== undefined)
    throw new DataError(
      `The map of the input "${input.name}" takes ${isText ? "text" : "numbers"}, but the file has ${JSON.stringify(entries[wrong])} for "${wrong}".`,
      spec,
    );
  const unknown = Object.keys(entries).filter((key) => !keys.includes(key));
  const shared = {
    name: path.basename(spec),
    hash,
    dims: [1, keys.length],
    labels: keys,
    notes:
      unknown.length > 0
        ? [
            `Keys of the map "${input.name}" that the model does not have are ignored: ${unknown.map((key) => `"${key}"`).join(", ")}.`,
          ]
        : [],
  };
  if (isText)
    return { ...shared, dataType: "string", data: keys.map((key) => (entries[key] as string | undefined) ?? "") };
  const dataType = elementTypeOf(input.type, input.name);
  return {
    ...shared,
    dataType,
    data: convertElements(
      Float64Array.from(keys, (key) => (entries[key] as number | undefined) ?? 0),
      "float64",
      dataType,
      spec,
    ),
  };
}

/** Collects the elements in order; gives the shape. */
function flatten(value: unknown, into: unknown[], where: string | undefined): number[] {
  if (!Array.isArray(value)) {
    if (value === null || typeof value === "object")
      throw new DataError(
        `The file holds ${value === null ? "null" : "an object"} where text, a number or a list is expected.`,
        where,
      );
    into.push(value);
    return [];
  }
  const shapes = value.map((one) => flatten(one, into, where));
  const [first = []] = shapes;
  const odd = shapes.find((shape) => shape.join() !== first.join());
  if (odd)
    throw new DataError(
      `The lists in the file have different shapes: ${shapeText(first)} and ${shapeText(odd)}.`,
      where,
    );
  return [value.length, ...first];
}

/** One value is [1, 1] where the model takes [N, 1]; a list of K is [K, 1]. */
function withLastAxis(dims: number[], { dims: wanted }: JsonInput): number[] {
  if (!wanted) return dims;
  if (dims.length === 0 && wanted.every((dim) => typeof dim !== "number" || dim === 1)) return wanted.map(() => 1);
  return wanted.length === dims.length + 1 && wanted[wanted.length - 1] === 1 && dims[dims.length - 1] !== 1
    ? [...dims, 1]
    : dims;
}
