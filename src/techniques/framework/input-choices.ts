import { isFloat, type DataType } from "../../model/graph.ts";
import { UsageError } from "../../model/errors.ts";
import type { ExplainableInput, Recipe } from "../../protocol/recipe.ts";
import { findLookups, takersOf, type Lookup } from "../../runtime/lookups.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import { listed } from "./input-name.ts";

/** What of one of the model's inputs can be explained. */
export interface InputChoice {
  readonly name: string;
  /**
   * floats: itself. lookups: the floats that are looked up for its integers. integers: its numbers, by methods that
   * replace them and run the model forward.
   */
  readonly kind: "floats" | "lookups" | "integers" | "none";
  readonly lookups: readonly Lookup[];
  /** Whether it is explained where nobody says otherwise. */
  readonly byDefault: boolean;
  /** Why it is not, in a sentence; of integers always why they have no gradient. */
  readonly reason?: string;
}

/** Inputs that go with others, by what recipes and exporters call them, and what they say of those. */
const COMPANIONS: readonly {
  readonly part: string;
  readonly name: RegExp;
  readonly floats?: true;
  readonly reason: string;
}[] = [
  { part: "attention-mask", name: /attention_?mask$/i, floats: true, reason: "it is a mask of tokens" },
  { part: "attention-mask", name: /(^|[_./])(pad(ding)?_?)?mask$/i, reason: "it is a mask" },
  {
    part: "type-ids",
    name: /(token_?type|segment|(^|[_./])seg)(_?ids?)?$/i,
    reason: "it gives the sentence that each token belongs to",
  },
  { part: "positions", name: /position(_?ids?)?$/i, reason: "it gives the position of each token" },
];

/**
 * What can be explained of each of the model's inputs, in their order. `texts`: those that are of texts, given as
 * places in a list.
 */
export function inputChoices(model: LoadedModel, recipe: Recipe, texts: readonly string[] = []): InputChoice[] {
  const { inputs } = model.description;
  const { graph } = model.model;
  const types = new Map(
    graph.inputs.flatMap(({ name, type }) => (type.kind === "tensor" ? [[name, type.dataType] as const] : [])),
  );
  const isWhole = (type: DataType | undefined): boolean => type !== undefined && !isFloat(type) && type !== "string";
  const beside = [...types.values()].some(isFloat);
  const all = findLookups(
    graph,
    inputs.map(({ name }) => name).filter((name) => isWhole(types.get(name))),
  )
    // Bytes are pixels, and whole numbers beside floats are a table's columns; alone they may be anything.
    .filter(({ kind, input }) => kind !== "number" || beside || /^u?int(8|16)$/.test(types.get(input) ?? ""));
  const found = inputs.map(({ name }): Omit<InputChoice, "byDefault"> & { readonly companion?: string } => {
    const type = types.get(name);
    const companion = companionOf(name, recipe, type !== undefined && isFloat(type));
    const more = { name, ...(companion === undefined ? {} : { companion }) };
    if (type !== undefined && isFloat(type)) return { ...more, kind: "floats", lookups: [] };
    if (!isWhole(type))
      return {
        ...more,
        kind: "none",
        lookups: [],
        reason:
          type === "string"
            ? "strings have no gradient, and there is no value to replace them with"
            : "it is not a tensor",
      };
    const lookups = all.filter((lookup) => lookup.input === name);
    if (lookups.length > 0) return { ...more, kind: "lookups", lookups };
    const takers = takersOf(graph, name);
    const takes = (verb: string, what: string): string =>
      `${firstOf(takers)} ${verb}${takers.length === 1 ? "s" : ""} ${what}`;
    const reason = texts.includes(name)
      ? `text has no gradient${takers.length > 0 ? `: ${takes("look", "them up")}` : ""}`
      : `no table lookup was found: ${takers.length === 0 ? "its numbers are used as they are" : takes("take", "its numbers")}`;
    return { ...more, kind: "integers", lookups: [], reason: companion ?? reason };
  });
  const leading = found.some(
    ({ kind, companion }) => companion === undefined && (kind === "floats" || kind === "lookups"),
  );
  const alone = !found.some(({ kind }) => kind === "floats" || kind === "lookups");
  return found.map(({ companion, ...choice }) => {
    if (choice.kind === "none") return { ...choice, byDefault: false };
    if (choice.kind === "integers")
      return {
        ...choice,
        byDefault:
          texts.includes(choice.name) ||
          (alone &&
            (companion === undefined ||
              !found.some((other) => other.kind === "integers" && other.companion === undefined))),
      };
    return companion !== undefined && leading
      ? { ...choice, byDefault: false, reason: companion }
      : { ...choice, byDefault: true };
  });
}

/**
 * The inputs that a person can choose to have explained. Texts are among them: whether they can be replaced is known
 * once there is a sample.
 */
export function explainableInputs(model: LoadedModel, recipe: Recipe): ExplainableInput[] {
  const isText = (name: string): boolean =>
    model.description.inputs.some((input) => input.name === name && input.type === "string");
  return inputChoices(model, recipe).flatMap(({ name, kind, byDefault, reason }): ExplainableInput[] => {
    if (kind === "none") return isText(name) ? [{ name, byDefault: true }] : [];
    return [{ name, byDefault, ...(byDefault || reason === undefined ? {} : { reason }) }];
  });
}

/**
 * The choices that a person names, or those made by default. UsageError for names that the model does not have, or that
 * cannot be explained.
 */
export function chosenInputs(
  choices: readonly InputChoice[],
  asked: readonly string[] | undefined,
): readonly InputChoice[] {
  if (!asked || asked.length === 0) return choices.filter(({ byDefault }) => byDefault);
  for (const name of asked) {
    const choice = choices.find((one) => one.name === name);
    if (!choice)
      throw new UsageError(
        `The model has no input "${name}" to explain.`,
        name,
        `Its inputs are ${choices.map((one) => one.name).join(", ")}.`,
      );
    if (choice.kind === "none")
      throw new UsageError(`The input "${name}" cannot be explained: ${choice.reason}.`, name);
  }
  return choices.filter(({ name }) => asked.includes(name));
}

function companionOf(name: string, recipe: Recipe, isFloats: boolean): string | undefined {
  const one = Object.hasOwn(recipe.inputs, name) ? recipe.inputs[name] : undefined;
  if (one?.kind === "text") return COMPANIONS.find(({ part }) => part === one.part)?.reason;
  return COMPANIONS.find((companion) => companion.name.test(name) && (!isFloats || companion.floats))?.reason;
}

function firstOf(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : listed(names);
}
