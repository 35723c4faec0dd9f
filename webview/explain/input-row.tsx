import type { VNode } from "preact";
import { useId } from "preact/hooks";
import type { InputRecipe } from "../../src/protocol/recipe.ts";
import type { InputCheck } from "../../src/protocol/sample.ts";
import {
  isOpen,
  shapeFrom,
  waysOf,
  type FormInput,
  type FormRow,
  type How,
  type RowReading,
} from "../../src/protocol/sample-form.ts";
import { IconButton, Select } from "../ui/fields.tsx";

const WAYS: Readonly<Record<How, string>> = {
  file: "File",
  numbers: "Numbers",
  text: "Text",
  fill: "One number everywhere",
  made: "From the text",
};

/** One input of the model: its name, type and shape, how it is given, and the field for that. */
export function InputRow({
  input,
  recipe,
  row,
  reading,
  check,
  sizes,
  disabled,
  onChange,
  onBrowse,
}: {
  readonly input: FormInput;
  readonly recipe: InputRecipe | undefined;
  readonly row: FormRow;
  readonly reading: RowReading | undefined;
  /** What the extension found in it; absent until it answered. */
  readonly check: InputCheck | undefined;
  readonly sizes: ReadonlyMap<string, number>;
  readonly disabled: boolean;
  readonly onChange: (row: FormRow) => void;
  readonly onBrowse: () => void;
}): VNode {
  const id = useId();
  const { name } = input;
  const problem = problemOf(reading, check);
  const field = {
    "aria-label": `${WAYS[row.how]} for ${name}`,
    "aria-describedby": `${id}-hint ${id}-problem`,
    "aria-invalid": problem !== undefined,
    "data-testid": `input-field-${name}`,
    disabled,
    value: row.text,
    placeholder: placeholderOf(row.how, input, recipe),
    onInput: (event: { readonly currentTarget: { readonly value: string } }): void =>
      onChange({ ...row, text: event.currentTarget.value }),
  };
  const asksShape = row.how === "fill" && isOpen(input) && (row.shape !== undefined || !shapeFrom(input, sizes));
  return (
    <div class="input-row" role="group" aria-label={`Input ${name}`} data-testid={`input-row-${name}`}>
      <div class="input-row-head">
        <span class="mono input-row-name" title={name}>
          {name}
        </span>
        <span class="muted input-row-type">
          {input.tensor?.type ?? input.type} {shapeText(input.dims)}
        </span>
      </div>
      <div class="input-row-fields">
        <Select<How>
          label={`How ${name} is given`}
          value={row.how}
          testid={`input-how-${name}`}
          disabled={disabled}
          choices={waysOf(input, recipe).map((how) => ({ value: how, label: wayLabel(how, input, recipe) }))}
          onChange={(how) => onChange({ how, text: how === row.how ? row.text : "" })}
        />
        {row.how === "made" ? null : row.how === "text" || row.how === "numbers" ? (
          <textarea class="input input-row-text" rows={row.how === "text" ? 2 : 1} {...field} />
        ) : (
          <input type="text" class="input input-row-text" {...field} />
        )}
        {row.how === "file" ? (
          <IconButton
            icon="folder-opened"
            label={`Browse for ${name}`}
            testid={`input-browse-${name}`}
            disabled={disabled}
            onClick={onBrowse}
          />
        ) : null}
        {asksShape ? (
          <input
            type="text"
            class="input input-row-shape"
            aria-label={`Shape of ${name}`}
            data-testid={`input-shape-${name}`}
            placeholder="shape: 1, 8"
            disabled={disabled}
            value={row.shape ?? ""}
            onInput={(event) => onChange({ ...row, shape: event.currentTarget.value })}
          />
        ) : null}
      </div>
      <p class="input-row-hint muted" id={`${id}-hint`} data-testid={`input-hint-${name}`}>
        {hintOf(row, input, recipe, reading, check)}
      </p>
      <p class="input-row-problem" id={`${id}-problem`} role="status" data-testid={`input-problem-${name}`}>
        {problem ?? ""}
      </p>
    </div>
  );
}

function problemOf(reading: RowReading | undefined, check: InputCheck | undefined): string | undefined {
  if (reading && "problem" in reading) return reading.problem;
  if (!reading || !("source" in reading) || check?.problem === undefined) return undefined;
  return check.hint === undefined ? check.problem : `${check.problem} ${check.hint}`;
}

function wayLabel(how: How, input: FormInput, recipe: InputRecipe | undefined): string {
  if (how === "numbers" && (recipe?.kind === "text" || /int/.test(input.type)))
    return recipe?.kind === "text" ? "Token numbers" : "Whole numbers";
  return WAYS[how];
}

function placeholderOf(how: How, input: FormInput, recipe: InputRecipe | undefined): string {
  switch (how) {
    case "file":
      return recipe?.kind === "image" ? "photo.png" : recipe?.kind === "row" ? "table.csv#0" : "values.npy";
    case "numbers":
      return /int/.test(input.type) ? "101, 7, 102" : "0.5, 1, 2";
    case "fill":
      return "0";
    default:
      return "";
  }
}

/** What the row takes, then what was found in it. */
function hintOf(
  { how, text }: FormRow,
  { dims }: FormInput,
  recipe: InputRecipe | undefined,
  reading: RowReading | undefined,
  check: InputCheck | undefined,
): string {
  const range = check?.range === undefined ? "" : ` Numbers from 0 to ${check.range - 1}.`;
  if (how === "made")
    return check?.madeOf === undefined
      ? "The tokenizer makes it of another input's text: give that as a text."
      : `The tokenizer makes it of the text of ${check.madeOf}.`;
  if (reading && "source" in reading && check?.dims && check.problem === undefined)
    return `The model gets [${check.dims.join(", ")}].${how === "numbers" ? range : ""}`;
  switch (how) {
    case "file":
      return text === ""
        ? `Relative to the model${recipe?.kind === "row" ? "; #2 behind it is the table's row 2" : ""}.`
        : "";
    case "text":
      return recipe?.kind === "text" ? `Through ${recipe.tokenizer}.` : "As it is.";
    case "fill":
      return "Nothing is filled in unless you say so.";
    default: {
      const inner = dims?.slice(1);
      const count = inner?.every((dim) => typeof dim === "number")
        ? inner.reduce<number>((product, dim) => product * Number(dim), 1)
        : undefined;
      const columns = recipe?.kind === "row" && recipe.columns ? `: ${recipe.columns.join(", ")}` : "";
      const scaled =
        recipe?.kind === "row" && (recipe.mean ?? recipe.std) ? " The recipe's mean and std are not applied." : "";
      return `${count === undefined ? "Numbers" : `${count} number${count === 1 ? "" : "s"}`}${columns}, as the model gets them.${scaled}${range}`;
    }
  }
}

function shapeText(dims: FormInput["dims"]): string {
  return dims ? `[${dims.map((dim) => dim ?? "?").join(", ")}]` : "of any shape";
}
