/** What is wrong with a typed text, or the value that it means. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };
