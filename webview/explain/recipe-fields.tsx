import type { VNode } from "preact";
import type { ArrayRecipe, ImageRecipe, InputRecipe, RowRecipe, TextRecipe } from "../../src/protocol/recipe.ts";
import { Select, ValueField } from "../ui/fields.tsx";
import type { Parsed } from "../ui/parsed.ts";
import {
  formatFraction,
  formatNames,
  formatNumbers,
  formatRate,
  parseBetween,
  parseFraction,
  parseNames,
  parseNumbers,
  parseRate,
  parseText,
  parseWhole,
  startOf,
} from "./recipe-text.ts";

const KINDS = { image: "picture", array: "array, unchanged", row: "table row", text: "text" } as const;
const FITS = {
  "center-crop": "crop, then resize",
  "resize-crop": "resize, then crop",
  "stretch-crop": "stretch, then crop",
  stretch: "stretch",
  pad: "pad",
} as const;
const INTERPOLATIONS = {
  nearest: "nearest",
  bilinear: "bilinear",
  bicubic: "bicubic",
  lanczos: "lanczos",
  box: "box",
} as const;
const CHANNELS = { rgb: "RGB", bgr: "BGR", gray: "gray" } as const;
const LAYOUTS = { nchw: "N C H W", nhwc: "N H W C" } as const;
const MISSING = { error: "error", nan: "NaN" } as const;
const SEPARATORS = { found: "automatic", ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" } as const;
const DECIMALS = { ".": "point", ",": "comma" } as const;
const HEADERS = { found: "automatic", yes: "first line", no: "none" } as const;
const PARTS = {
  ids: "token ids",
  "attention-mask": "attention mask",
  "type-ids": "type ids",
  positions: "positions",
} as const;

interface FormProps<R> {
  readonly recipe: R;
  readonly onChange: (recipe: R) => void;
}

/** The form of one model input: its kind, and that kind's fields. */
export function InputFields({ name, recipe, onChange }: FormProps<InputRecipe> & { readonly name: string }): VNode {
  return (
    <fieldset class="recipe-input">
      <legend class="mono">{name}</legend>
      <div class="recipe-fields">
        {choice("kind", KINDS, recipe.kind, (kind) => onChange(startOf[kind]))}
        {recipe.kind === "image" ? <ImageFields recipe={recipe} onChange={onChange} /> : null}
        {recipe.kind === "row" ? <RowFields recipe={recipe} onChange={onChange} /> : null}
        {recipe.kind === "text" ? <TextFields recipe={recipe} onChange={onChange} /> : null}
        {recipe.kind === "array" ? <ArrayFields recipe={recipe} onChange={onChange} /> : null}
      </div>
    </fieldset>
  );
}

function ImageFields({ recipe, onChange }: FormProps<ImageRecipe>): VNode {
  const set = (part: Partial<ImageRecipe>): void => onChange({ ...recipe, ...part });
  const [height, width] = recipe.size;
  const { fit } = recipe;
  const size = parseWhole(1, 16384);
  const perChannel = "One number per channel, or one for all";
  return (
    <>
      {whole("height", height, size, (value) => set({ size: [value, width] }), { width: 5 })}
      {whole("width", width, size, (value) => set({ size: [height, value] }), { width: 5 })}
      {choice("fit", FITS, fit, (value) => set({ fit: value }))}
      {fit.endsWith("crop")
        ? whole(
            "crop",
            recipe.cropFraction,
            parseBetween(0.05, fit === "center-crop" ? 1 : 16),
            (cropFraction) => set({ cropFraction }),
            {
              width: 6,
              inputMode: "decimal",
              title:
                "Fraction of the shorter side to keep: 1 keeps all of it, 0.875 is torchvision’s “resize 256, crop 224”",
            },
          )
        : null}
      {fit === "pad"
        ? whole("fill", recipe.fill, parseWhole(0, 255), (fill) => set({ fill }), {
            width: 4,
            title: "Padding value, 0 to 255",
          })
        : null}
      {choice("interpolation", INTERPOLATIONS, recipe.interpolation, (interpolation) => set({ interpolation }))}
      {choice("channels", CHANNELS, recipe.channels, (channels) => set({ channels }))}
      {choice("layout", LAYOUTS, recipe.layout, (layout) => set({ layout }))}
      {text("scale", recipe.scale, formatFraction, parseFraction, (scale) => set({ scale }), {
        title: "value = (byte × scale − mean) / std",
      })}
      {text("mean", recipe.mean, formatNumbers, parseNumbers, (mean) => set({ mean }), {
        width: 20,
        title: perChannel,
      })}
      {text("std", recipe.std, formatNumbers, positive, (std) => set({ std }), { width: 20, title: perChannel })}
    </>
  );
}

const positive = (typed: string): Parsed<readonly number[]> => parseNumbers(typed, { positive: true });

function ArrayFields({ recipe, onChange }: FormProps<ArrayRecipe>): VNode {
  const set = ({ rate, channels }: Partial<ArrayRecipe>): void =>
    onChange({ kind: "array", ...(rate === undefined ? {} : { rate }), ...(channels ? { channels } : {}) });
  return (
    <>
      {text("rate (Hz)", recipe.rate, formatRate, parseRate, (rate) => set({ ...recipe, rate }), {
        width: 8,
        inputMode: "decimal",
        title: "Of a signal: samples per second. Its axis is then in seconds. Empty: unknown",
      })}
      {text("channel names", recipe.channels, formatNames, parseNames, (channels) => set({ ...recipe, channels }), {
        width: 20,
        title: "Of a signal: names of its channels in order, separated by commas. Empty: numbers",
      })}
      <p class="muted">The file’s numbers are used unchanged (.npy, .npz).</p>
    </>
  );
}

function RowFields({ recipe, onChange }: FormProps<RowRecipe>): VNode {
  const set = (part: Partial<RowRecipe>): void => onChange({ ...recipe, ...part });
  const header = recipe.header === undefined ? "found" : recipe.header ? "yes" : "no";
  const format = (numbers: readonly number[] | undefined): string => formatNumbers(numbers ?? []);
  const ofColumns =
    (above0: boolean) =>
    (typed: string): Parsed<readonly number[] | undefined> =>
      typed.trim() ? parseNumbers(typed, { most: 100_000, positive: above0 }) : { value: undefined };
  return (
    <>
      {text("columns", recipe.columns, formatNames, parseNames, (columns) => set({ columns }), {
        width: 28,
        title: "Names separated by commas, in the model’s order. Empty: columns named like the inputs, otherwise all",
      })}
      {text("ignore", recipe.ignore, formatNames, parseNames, (ignore) => set({ ignore }), {
        width: 16,
        title: "Columns to ignore, separated by commas, such as labels or identifiers",
      })}
      {choice(
        "missing",
        MISSING,
        recipe.missing ?? "error",
        (missing) => set({ missing }),
        "Empty or non-numeric cells",
      )}
      {choice("separator", SEPARATORS, recipe.separator ?? "found", (separator) =>
        set({ separator: separator === "found" ? undefined : separator }),
      )}
      {choice("decimal", DECIMALS, recipe.decimal ?? ".", (decimal) => set({ decimal }))}
      {choice(
        "header",
        HEADERS,
        header,
        (one) => set({ header: one === "found" ? undefined : one === "yes" }),
        "Whether the first line has column names",
      )}
      {text("mean", recipe.mean, format, ofColumns(false), (mean) => set({ mean }), { width: 20 })}
      {text("std", recipe.std, format, ofColumns(true), (std) => set({ std }), { width: 20 })}
    </>
  );
}

function TextFields({ recipe, onChange }: FormProps<TextRecipe>): VNode {
  const set = (part: Partial<TextRecipe>): void => onChange({ ...recipe, ...part });
  return (
    <>
      {text("tokenizer", recipe.tokenizer, String, parseText, (tokenizer) => set({ tokenizer }), {
        width: 20,
        title: "File in the model’s folder",
      })}
      {whole("longest", recipe.maxLength, parseWhole(1, 1_000_000), (maxLength) => set({ maxLength }), {
        width: 6,
        title: "Maximum number of tokens",
      })}
      {choice("part", PARTS, recipe.part, (part) => set({ part }))}
    </>
  );
}

interface Look {
  readonly title?: string;
  readonly width?: number;
  readonly inputMode?: "decimal" | "numeric";
}

function text<T>(
  label: string,
  value: T,
  format: (value: T) => string,
  parse: (typed: string) => Parsed<T>,
  onChange: (value: T) => void,
  look: Look = {},
): VNode {
  return (
    <ValueField
      label={label}
      value={value}
      format={format}
      parse={parse}
      testid={`recipe-${label}`}
      onChange={onChange}
      {...look}
    />
  );
}

function whole(
  label: string,
  value: number,
  parse: (typed: string) => Parsed<number>,
  onChange: (value: number) => void,
  look: Look,
): VNode {
  return text(label, value, String, parse, onChange, { inputMode: "numeric", ...look });
}

function choice<T extends string>(
  label: string,
  labels: Readonly<Record<T, string>>,
  value: T,
  onChange: (value: T) => void,
  title?: string,
): VNode {
  const choices = Object.entries<string>(labels).map(([one, words]) => ({ value: one as T, label: words }));
  return (
    <Select
      label={label}
      shown
      value={value}
      testid={`recipe-${label}`}
      title={title}
      choices={choices}
      onChange={onChange}
    />
  );
}
