import type { VNode } from "preact";
import type { ImageRecipe, InputRecipe, RowRecipe, TextRecipe } from "../../src/protocol/recipe.ts";
import { Select, ValueField } from "../ui/fields.tsx";
import type { Choice } from "../ui/fields.tsx";
import {
  formatFraction,
  formatNames,
  formatNumbers,
  parseBetween,
  parseFraction,
  parseNames,
  parseNumbers,
  parseText,
  parseWhole,
  startOf,
} from "./recipe-text.ts";

const kinds: readonly Choice<InputRecipe["kind"]>[] = [
  { value: "image", label: "picture" },
  { value: "array", label: "array, unchanged" },
  { value: "row", label: "table row" },
  { value: "text", label: "text" },
];

/** The form of one model input: its kind, and that kind's fields. */
export function InputFields({
  name,
  recipe,
  onChange,
}: {
  readonly name: string;
  readonly recipe: InputRecipe;
  readonly onChange: (recipe: InputRecipe) => void;
}): VNode {
  return (
    <fieldset class="recipe-input">
      <legend class="mono">{name}</legend>
      <div class="recipe-fields">
        <Select
          label="kind"
          shown
          value={recipe.kind}
          choices={kinds}
          testid="recipe-kind"
          onChange={(kind) => onChange(startOf[kind])}
        />
        {recipe.kind === "image" ? <ImageFields recipe={recipe} onChange={onChange} /> : null}
        {recipe.kind === "row" ? <RowFields recipe={recipe} onChange={onChange} /> : null}
        {recipe.kind === "text" ? <TextFields recipe={recipe} onChange={onChange} /> : null}
        {recipe.kind === "array" ? <p class="muted">The file’s numbers are used unchanged (.npy, .npz).</p> : null}
      </div>
    </fieldset>
  );
}

function ImageFields({
  recipe,
  onChange,
}: {
  readonly recipe: ImageRecipe;
  readonly onChange: (recipe: ImageRecipe) => void;
}): VNode {
  const set = (part: Partial<ImageRecipe>): void => onChange({ ...recipe, ...part });
  const [height, width] = recipe.size;
  return (
    <>
      <ValueField
        label="height"
        value={height}
        format={String}
        parse={parseWhole(1, 16384)}
        width={5}
        inputMode="numeric"
        testid="recipe-height"
        onChange={(value) => set({ size: [value, width] })}
      />
      <ValueField
        label="width"
        value={width}
        format={String}
        parse={parseWhole(1, 16384)}
        width={5}
        inputMode="numeric"
        testid="recipe-width"
        onChange={(value) => set({ size: [height, value] })}
      />
      <Select
        label="fit"
        shown
        value={recipe.fit}
        testid="recipe-fit"
        onChange={(fit) => set({ fit })}
        choices={[
          { value: "center-crop", label: "crop, then resize" },
          { value: "resize-crop", label: "resize, then crop" },
          { value: "stretch-crop", label: "stretch, then crop" },
          { value: "stretch", label: "stretch" },
          { value: "pad", label: "pad" },
        ]}
      />
      {recipe.fit.endsWith("crop") ? (
        <ValueField
          label="crop"
          value={recipe.cropFraction}
          format={String}
          parse={parseBetween(0.05, recipe.fit === "center-crop" ? 1 : 16)}
          width={6}
          inputMode="decimal"
          testid="recipe-crop"
          title="Fraction of the shorter side to keep: 1 keeps all of it, 0.875 is torchvision’s “resize 256, crop 224”"
          onChange={(cropFraction) => set({ cropFraction })}
        />
      ) : null}
      {recipe.fit === "pad" ? (
        <ValueField
          label="fill"
          value={recipe.fill}
          format={String}
          parse={parseWhole(0, 255)}
          width={4}
          inputMode="numeric"
          testid="recipe-fill"
          title="Padding value, 0 to 255"
          onChange={(fill) => set({ fill })}
        />
      ) : null}
      <Select
        label="interpolation"
        shown
        value={recipe.interpolation}
        testid="recipe-interpolation"
        onChange={(interpolation) => set({ interpolation })}
        choices={(["nearest", "bilinear", "bicubic", "lanczos", "box"] as const).map((value) => ({
          value,
          label: value,
        }))}
      />
      <Select
        label="channels"
        shown
        value={recipe.channels}
        testid="recipe-channels"
        onChange={(channels) => set({ channels })}
        choices={[
          { value: "rgb", label: "RGB" },
          { value: "bgr", label: "BGR" },
          { value: "gray", label: "gray" },
        ]}
      />
      <Select
        label="layout"
        shown
        value={recipe.layout}
        testid="recipe-layout"
        onChange={(layout) => set({ layout })}
        choices={[
          { value: "nchw", label: "N C H W" },
          { value: "nhwc", label: "N H W C" },
        ]}
      />
      <ValueField
        label="scale"
        value={recipe.scale}
        format={formatFraction}
        parse={parseFraction}
        testid="recipe-scale"
        title="value = (byte × scale − mean) / std"
        onChange={(scale) => set({ scale })}
      />
      <ValueField
        label="mean"
        value={recipe.mean}
        format={formatNumbers}
        parse={parseNumbers}
        width={20}
        testid="recipe-mean"
        title="One number per channel, or one for all"
        onChange={(mean) => set({ mean })}
      />
      <ValueField
        label="std"
        value={recipe.std}
        format={formatNumbers}
        parse={positive}
        width={20}
        testid="recipe-std"
        title="One number per channel, or one for all"
        onChange={(std) => set({ std })}
      />
    </>
  );
}

const positive = (text: string): ReturnType<typeof parseNumbers> => parseNumbers(text, { positive: true });
const many = { most: 100_000 };

function RowFields({
  recipe,
  onChange,
}: {
  readonly recipe: RowRecipe;
  readonly onChange: (recipe: RowRecipe) => void;
}): VNode {
  const numbers =
    (positiveOnly: boolean) =>
    (text: string): ReturnType<typeof parseOptional> =>
      parseOptional(text, positiveOnly);
  return (
    <>
      <ValueField
        label="columns"
        value={recipe.columns}
        format={formatNames}
        parse={parseNames}
        width={28}
        testid="recipe-columns"
        title="Names separated by commas, in the model’s order. Empty: columns named like the inputs, otherwise all"
        onChange={(columns) => onChange({ ...recipe, columns })}
      />
      <ValueField
        label="ignore"
        value={recipe.ignore}
        format={formatNames}
        parse={parseNames}
        width={16}
        testid="recipe-ignore"
        title="Columns to ignore, separated by commas, such as labels or identifiers"
        onChange={(ignore) => onChange({ ...recipe, ignore })}
      />
      <Select
        label="missing"
        shown
        value={recipe.missing ?? "error"}
        testid="recipe-missing"
        title="Empty or non-numeric cells"
        onChange={(missing) => onChange({ ...recipe, missing })}
        choices={[
          { value: "error", label: "error" },
          { value: "nan", label: "NaN" },
        ]}
      />
      <Select
        label="separator"
        shown
        value={recipe.separator ?? "found"}
        testid="recipe-separator"
        onChange={(separator) => onChange({ ...recipe, separator: separator === "found" ? undefined : separator })}
        choices={[
          { value: "found", label: "automatic" },
          { value: ",", label: "comma" },
          { value: ";", label: "semicolon" },
          { value: "\t", label: "tab" },
          { value: "|", label: "bar" },
        ]}
      />
      <Select
        label="decimal"
        shown
        value={recipe.decimal ?? "."}
        testid="recipe-decimal"
        onChange={(decimal) => onChange({ ...recipe, decimal })}
        choices={[
          { value: ".", label: "point" },
          { value: ",", label: "comma" },
        ]}
      />
      <Select
        label="header"
        shown
        value={recipe.header === undefined ? "found" : recipe.header ? "yes" : "no"}
        testid="recipe-header"
        title="Whether the first line has column names"
        onChange={(header) => onChange({ ...recipe, header: header === "found" ? undefined : header === "yes" })}
        choices={[
          { value: "found", label: "automatic" },
          { value: "yes", label: "first line" },
          { value: "no", label: "none" },
        ]}
      />
      <ValueField
        label="mean"
        value={recipe.mean}
        format={(values) => formatNumbers(values ?? [])}
        parse={numbers(false)}
        width={20}
        onChange={(mean) => onChange({ ...recipe, mean })}
      />
      <ValueField
        label="std"
        value={recipe.std}
        format={(values) => formatNumbers(values ?? [])}
        parse={numbers(true)}
        width={20}
        onChange={(std) => onChange({ ...recipe, std })}
      />
    </>
  );
}

function parseOptional(
  text: string,
  positiveOnly: boolean,
): { readonly value: readonly number[] | undefined } | { readonly problem: string } {
  return text.trim() ? parseNumbers(text, { ...many, positive: positiveOnly }) : { value: undefined };
}

function TextFields({
  recipe,
  onChange,
}: {
  readonly recipe: TextRecipe;
  readonly onChange: (recipe: TextRecipe) => void;
}): VNode {
  return (
    <>
      <ValueField
        label="tokenizer"
        value={recipe.tokenizer}
        format={String}
        parse={parseText}
        width={20}
        testid="recipe-tokenizer"
        title="File in the model’s folder"
        onChange={(tokenizer) => onChange({ ...recipe, tokenizer })}
      />
      <ValueField
        label="longest"
        value={recipe.maxLength}
        format={String}
        parse={parseWhole(1, 1_000_000)}
        width={6}
        inputMode="numeric"
        title="Maximum number of tokens"
        onChange={(maxLength) => onChange({ ...recipe, maxLength })}
      />
      <Select
        label="part"
        shown
        value={recipe.part}
        onChange={(part) => onChange({ ...recipe, part })}
        choices={[
          { value: "ids", label: "token ids" },
          { value: "attention-mask", label: "attention mask" },
          { value: "type-ids", label: "type ids" },
          { value: "positions", label: "positions" },
        ]}
      />
    </>
  );
}
