import { DataError } from "../model/errors.ts";
import { READING_WORDS } from "../protocol/readings.ts";
import { FITS, OUTPUT_KINDS, SAMPLING_RATES } from "../protocol/recipe.ts";
import type { ArrayRecipe, ImageRecipe, InputRecipe, Recipe, RowRecipe, TextRecipe } from "../protocol/recipe.ts";

export const LARGEST_SIDE = 16384;
/** cropFraction of a crop after resizing: over 1 the crop has a border around the picture. */
export const LARGEST_CROP = 16;
/** Height times width: 64 million pixels are 0.8 GB as floats. */
const MOST_PIXELS = 2 ** 26;

/**
 * A recipe from outside (a file, a message), checked: types, ranges, and that nothing is in it that is not known. What
 * may be left out gets its default: for a picture all but kind and size. Throws a DataError that names the place
 * ("inputs.images.size").
 */
export function validateRecipe(json: unknown, where: string): Recipe {
  const check = new Checker(where);
  const recipe = check.object(json, "", ["version", "inputs", "classes", "outputs"]);
  if (recipe.version !== 1) check.fail("version", "must be 1");
  const inputs = check.object(recipe.inputs, "inputs");
  const entries = Object.entries(inputs).map(
    ([name, input]) => [name, inputRecipe(check, input, `inputs.${name}`)] as const,
  );
  // fromEntries defines properties: an input named "__proto__" is a name like any other.
  return {
    version: 1,
    inputs: Object.fromEntries(entries),
    ...(recipe.classes === undefined ? {} : { classes: classNames(check, recipe.classes, "classes") }),
    ...(recipe.outputs === undefined ? {} : { outputs: outputRecipes(check, recipe.outputs) }),
  };
}

function outputRecipes(check: Checker, json: unknown): NonNullable<Recipe["outputs"]> {
  return Object.fromEntries(
    Object.entries(check.object(json, "outputs")).map(([name, output]) => {
      const given = check.object(output, `outputs.${name}`, ["kind", "as", "classes", "unit", "skeleton"]);
      return [
        name,
        {
          ...(given.kind === undefined ? {} : { kind: check.choice(given.kind, `outputs.${name}.kind`, OUTPUT_KINDS) }),
          ...(given.as === undefined ? {} : { as: check.choice(given.as, `outputs.${name}.as`, READING_WORDS) }),
          ...(given.classes === undefined
            ? {}
            : { classes: classNames(check, given.classes, `outputs.${name}.classes`) }),
          ...(given.unit === undefined ? {} : { unit: check.string(given.unit, `outputs.${name}.unit`) }),
          ...(given.skeleton === undefined
            ? {}
            : { skeleton: skeleton(check, given.skeleton, `outputs.${name}.skeleton`) }),
        },
      ];
    }),
  );
}

type Reader<Kind> = (check: Checker, json: unknown, path: string) => Extract<InputRecipe, { kind: Kind }>;

const readers: { readonly [Kind in InputRecipe["kind"]]: Reader<Kind> } = {
  image: imageRecipe,
  array: arrayRecipe,
  row: rowRecipe,
  text: textRecipe,
};

function inputRecipe(check: Checker, json: unknown, path: string): InputRecipe {
  const kind = check.choice(
    check.object(json, path).kind,
    `${path}.kind`,
    Object.keys(readers) as InputRecipe["kind"][],
  );
  return readers[kind](check, json, path);
}

const interpolations = ["nearest", "bilinear", "bicubic", "lanczos", "box"] as const;

function imageRecipe(check: Checker, json: unknown, path: string): ImageRecipe {
  const keys = [
    "kind",
    "size",
    "fit",
    "cropFraction",
    "fill",
    "interpolation",
    "channels",
    "layout",
    "scale",
    "mean",
    "std",
  ];
  const given = check.object(json, path, keys);
  const size = check.numbers(given.size, `${path}.size`, { min: 1, max: LARGEST_SIDE, whole: true, lengths: [2] });
  if (size[0] * size[1] > MOST_PIXELS)
    check.fail(`${path}.size`, `must be at most ${MOST_PIXELS.toLocaleString("en")} pixels in all`);
  const fit = check.choice(given.fit, `${path}.fit`, FITS, "center-crop");
  const channels = check.choice(given.channels, `${path}.channels`, ["rgb", "bgr", "gray"], "rgb");
  const lengths = channels === "gray" ? [1] : [1, 3];
  return {
    kind: "image",
    size: [size[0], size[1]],
    fit,
    cropFraction: check.number(
      given.cropFraction,
      `${path}.cropFraction`,
      { min: 0.01, max: fit === "resize-crop" || fit === "stretch-crop" ? LARGEST_CROP : 1 },
      1,
    ),
    fill: check.number(given.fill, `${path}.fill`, { min: 0, max: 255, whole: true }, 0),
    interpolation: check.choice(given.interpolation, `${path}.interpolation`, interpolations, "bilinear"),
    channels,
    layout: check.choice(given.layout, `${path}.layout`, ["nchw", "nhwc"], "nchw"),
    scale: check.number(given.scale, `${path}.scale`, { notZero: true }, 1 / 255),
    mean: check.numbers(given.mean, `${path}.mean`, { lengths }, [0]),
    std: check.numbers(given.std, `${path}.std`, { lengths, notZero: true }, [1]),
  };
}

function arrayRecipe(check: Checker, json: unknown, path: string): ArrayRecipe {
  const { rate, channels } = check.object(json, path, ["kind", "rate", "channels"]);
  return {
    kind: "array",
    ...(rate !== undefined && { rate: check.number(rate, `${path}.rate`, SAMPLING_RATES) }),
    ...(channels !== undefined && { channels: check.strings(channels, `${path}.channels`) }),
  };
}

function rowRecipe(check: Checker, json: unknown, path: string): RowRecipe {
  const given = check.object(json, path, [
    "kind",
    "columns",
    "ignore",
    "missing",
    "decimal",
    "separator",
    "header",
    "mean",
    "std",
  ]);
  const names = (key: "columns" | "ignore"): Partial<RowRecipe> =>
    given[key] === undefined ? {} : { [key]: check.strings(given[key], `${path}.${key}`) };
  const { columns } = names("columns");
  const lengths = columns && [1, columns.length];
  return {
    kind: "row",
    ...names("columns"),
    ...names("ignore"),
    ...(given.missing !== undefined && {
      missing: check.choice<"error" | "nan">(given.missing, `${path}.missing`, ["error", "nan"]),
    }),
    ...(given.decimal !== undefined && {
      decimal: check.choice<"." | ",">(given.decimal, `${path}.decimal`, [".", ","]),
    }),
    ...(given.separator !== undefined && {
      separator: check.choice<"," | ";" | "\t" | "|">(given.separator, `${path}.separator`, [",", ";", "\t", "|"]),
    }),
    ...(given.header !== undefined && { header: check.boolean(given.header, `${path}.header`) }),
    ...(given.mean !== undefined && { mean: check.numbers(given.mean, `${path}.mean`, { lengths }) }),
    ...(given.std !== undefined && { std: check.numbers(given.std, `${path}.std`, { lengths, notZero: true }) }),
  };
}

function textRecipe(check: Checker, json: unknown, path: string): TextRecipe {
  const given = check.object(json, path, ["kind", "tokenizer", "maxLength", "part"]);
  return {
    kind: "text",
    tokenizer: check.string(given.tokenizer, `${path}.tokenizer`, "tokenizer.json"),
    maxLength: check.number(given.maxLength, `${path}.maxLength`, { min: 1, max: 1_000_000, whole: true }, 512),
    part: check.choice(given.part, `${path}.part`, ["ids", "attention-mask", "type-ids", "positions"], "ids"),
  };
}

/** Pairs of keypoints' numbers. */
function skeleton(check: Checker, json: unknown, path: string): readonly (readonly [number, number])[] {
  if (!Array.isArray(json) || json.length > 1000) return check.fail(path, "must be a list of pairs of numbers");
  return json.map((pair: unknown, place) => {
    const [from, to] = check.numbers(pair, `${path}[${place}]`, { min: 0, whole: true, lengths: [2] });
    return [from, to];
  });
}

function classNames(check: Checker, json: unknown, path: string): readonly string[] | string {
  return typeof json === "string" ? check.string(json, path) : check.strings(json, path);
}

interface NumberRule {
  readonly min?: number;
  readonly max?: number;
  readonly whole?: boolean;
  readonly notZero?: boolean;
}
interface NumbersRule extends NumberRule {
  readonly lengths?: readonly number[];
}

/**
 * Each method gives the value in its type or fails with the value's place; a fallback stands for a value that is not
 * there.
 */
class Checker {
  constructor(private readonly where: string) {}

  fail(path: string, must: string, hint?: string): never {
    throw new DataError(`The recipe's ${path || "content"} ${must}.`, this.where, hint);
  }

  object(json: unknown, path: string, keys?: readonly string[]): Readonly<Record<string, unknown>> {
    if (typeof json !== "object" || json === null || Array.isArray(json))
      this.fail(path, "must be an object in braces");
    const unknown = keys && Object.keys(json).filter((key) => !keys.includes(key));
    if (unknown?.length) {
      const prefix = path && `${path}.`;
      this.fail(unknown.map((key) => prefix + key).join(", "), "is not known", `Known here: ${keys?.join(", ")}.`);
    }
    return json as Readonly<Record<string, unknown>>;
  }

  choice<T extends string>(json: unknown, path: string, options: readonly T[], fallback?: T): T {
    if (json === undefined && fallback !== undefined) return fallback;
    return (
      options.find((option) => option === json) ??
      this.fail(path, `must be one of ${options.map((one) => `"${one}"`).join(", ")}`)
    );
  }

  boolean(json: unknown, path: string): boolean {
    return typeof json === "boolean" ? json : this.fail(path, "must be true or false");
  }

  string(json: unknown, path: string, fallback?: string): string {
    if (json === undefined && fallback !== undefined) return fallback;
    if (typeof json !== "string" || json === "" || json.length > 10_000)
      this.fail(path, "must be text in quotes, not empty");
    return json;
  }

  strings(json: unknown, path: string): readonly string[] {
    const good =
      Array.isArray(json) &&
      json.length > 0 &&
      json.length <= 1_000_000 &&
      json.every((one) => typeof one === "string");
    if (!good) this.fail(path, "must be a list of texts in quotes");
    return json as string[];
  }

  number(json: unknown, path: string, rule: NumberRule, fallback?: number): number {
    if (json === undefined && fallback !== undefined) return fallback;
    if (!fits(json, rule)) this.fail(path, `must be ${describe(rule)}`);
    return json;
  }

  numbers(json: unknown, path: string, rule: NumbersRule, fallback?: readonly number[]): readonly number[] {
    if (json === undefined && fallback) return fallback;
    const list: readonly unknown[] = Array.isArray(json) ? json : [json];
    const lengths = rule.lengths ?? [];
    const goodLength = lengths.length > 0 ? lengths.includes(list.length) : list.length > 0;
    if (!list.every((one): one is number => fits(one, rule)) || !goodLength) {
      this.fail(path, `must be ${lengths.length ? `${lengths.join(" or ")} times ` : "a list of "}${describe(rule)}`);
    }
    return list;
  }
}

function fits(json: unknown, { min = -Infinity, max = Infinity, whole, notZero }: NumberRule): json is number {
  return (
    typeof json === "number" &&
    Number.isFinite(json) &&
    json >= min &&
    json <= max &&
    (!whole || Number.isInteger(json)) &&
    (!notZero || json !== 0)
  );
}

function describe({ min, max, whole, notZero }: NumberRule): string {
  const range = min === undefined && max === undefined ? "" : ` from ${min} to ${max}`;
  return `a ${whole ? "whole " : ""}number${range}${notZero ? ", not zero" : ""}`;
}
