import { DataError, ModelError, NoGradientError, UsageError } from "../../model/errors.ts";
import { LOSS } from "../../runtime/rewrite.ts";
import type { InputInfo } from "./technique.ts";

/** What people call an input: the model's own name, not that of the vectors that are looked up for it. */
export function inputName({ name, of, tokensOf, parts }: InputInfo): string {
  return parts ? parts.map(({ input }) => input).join(", ") : (of ?? tokensOf ?? name);
}

/** The same for a sentence, with its shape: `"x" [1, 4]`, `"ids", looked up as [1, 3, 5]`. */
export function inputSaid(input: InputInfo): string {
  const { parts, name, dims } = input;
  if (parts) return parts.map(({ input: one, shown }) => `"${one}" [${shown.dims.join(", ")}]`).join(" and ");
  const own = inputName(input);
  return own === name ? `"${name}" [${dims.join(", ")}]` : `"${own}", looked up as [${dims.join(", ")}]`;
}

/**
 * `text` with people's names in the place of the values that stand for inputs, and for the loss, in the graph that
 * runs.
 */
export function inPeoplesNames(input: InputInfo, text: string): string {
  const quoted = (names: readonly string[]): string => listed(names.map((name) => `"${name}"`));
  const { name, parts } = input;
  const said: readonly (readonly [value: string, called: string])[] = [
    [name, parts ? quoted(parts.map((part) => part.input)) : quoted([inputName(input)])],
    [LOSS, "the loss"],
    ...(parts ?? []).flatMap((part) => part.segments.map((segment) => [segment.name, quoted([part.input])] as const)),
  ];
  return said.reduce((sentence, [value, called]) => sentence.replaceAll(`"${value}"`, called), text);
}

/**
 * An error of ours in people's names: its message, and the place that it is about. Others (a cancelled job's is the
 * browser's kind, which is read-only) stay as they are.
 */
export function errorInPeoplesNames(input: InputInfo, error: unknown): unknown {
  if (!(
    error instanceof ModelError ||
    error instanceof DataError ||
    error instanceof NoGradientError ||
    error instanceof UsageError
  ))
    return error;
  return Object.assign(
    error,
    { message: inPeoplesNames(input, error.message) },
    "where" in error && error.where === input.name ? { where: inputName(input) } : {},
  );
}

/** "a, b and c". */
export function listed(names: readonly string[]): string {
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}` : (names[0] ?? "");
}
