import type { InputInfo } from "./technique.ts";

/** What people call an input: the model's own name, not that of the vectors that are looked up for it. */
export function inputName({ name, of, tokensOf, parts }: InputInfo): string {
  return parts ? parts.map(({ input }) => input).join(", ") : of ?? tokensOf ?? name;
}

/** The same for a sentence, with its shape: `"x" [1, 4]`, `"ids", looked up as [1, 3, 5]`. */
export function inputSaid(input: InputInfo): string {
  const { parts, name, dims } = input;
  if (parts) return parts.map(({ input: one, shown }) => `"${one}" [${shown.dims.join(", ")}]`).join(" and ");
  const own = inputName(input);
  return own === name ? `"${name}" [${dims.join(", ")}]` : `"${own}", looked up as [${dims.join(", ")}]`;
}
