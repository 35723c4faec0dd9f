/** The recipe form's texts: how its numbers are written, and what typed ones mean. */
import { SAMPLING_RATES, type ImageRecipe, type InputRecipe } from "../../src/protocol/recipe.ts";
import { joinList, splitList } from "../../src/protocol/list.ts";
import type { Parsed } from "../ui/parsed.ts";

/** A number, or a fraction as people write scales: "1/255". */
export function parseFraction(text: string): Parsed<number> {
  const match = /^\s*([^/]+?)\s*(?:\/\s*([^/]+?)\s*)?$/.exec(text);
  const [above, below] = [toNumber(match?.[1]), match?.[2] === undefined ? 1 : toNumber(match[2])];
  if (!match || above === undefined || below === undefined) return { problem: "A number such as 0.5 or 1/255." };
  if (below === 0) return { problem: "Must not be 0." };
  return { value: above / below };
}

/** 1/255 as such, since nobody knows 0.00392 by heart. */
export function formatFraction(value: number): string {
  return (
    [255, 127.5, 256]
      .map((below) => [1 / below, `1/${below}`] as const)
      .find(([fraction]) => fraction === value)?.[1] ?? String(value)
  );
}

/** Numbers by commas or spaces; `count` many, or one for all. */
export function parseNumbers(
  text: string,
  { positive = false, most = 4 }: { readonly positive?: boolean; readonly most?: number } = {},
): Parsed<readonly number[]> {
  const numbers = text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(toNumber);
  if (!numbers.length) return { problem: "At least one number." };
  if (numbers.some((number) => number === undefined))
    return { problem: "Numbers separated by commas: 0.485, 0.456, 0.406." };
  if (numbers.length > most) return { problem: `At most ${most} numbers.` };
  if (positive && numbers.some((number) => (number as number) <= 0))
    return { problem: "Must be greater than 0: values are divided by it." };
  return { value: numbers as number[] };
}

export function formatNumbers(numbers: readonly number[]): string {
  return numbers.join(", ");
}

export function parseWhole(min: number, max: number): (text: string) => Parsed<number> {
  return (text) => {
    const value = toNumber(text);
    return value === undefined || !Number.isInteger(value) || value < min || value > max
      ? { problem: `A whole number from ${min} to ${max}.` }
      : { value };
  };
}

export function parseBetween(min: number, max: number): (text: string) => Parsed<number> {
  return (text) => {
    const value = toNumber(text);
    return value === undefined || value < min || value > max
      ? { problem: `A number from ${min} to ${max}.` }
      : { value };
  };
}

/** Samples a second; nothing where they are not known. */
export function parseRate(text: string): Parsed<number | undefined> {
  if (!text.trim()) return { value: undefined };
  const value = toNumber(text);
  return value !== undefined && value >= SAMPLING_RATES.min && value <= SAMPLING_RATES.max
    ? { value }
    : { problem: "A number of samples per second, greater than 0." };
}

export function formatRate(rate: number | undefined): string {
  return rate === undefined ? "" : String(rate);
}

/** Names by commas; one that holds a comma in double quotes. */
export function parseNames(text: string): Parsed<readonly string[] | undefined> {
  const names = splitList(text);
  return { value: names.length ? names : undefined };
}

export function formatNames(names: readonly string[] | undefined): string {
  return (names ?? []).map((name) => joinList([name])).join(", ");
}

export function parseText(text: string): Parsed<string> {
  return text.trim() ? { value: text.trim() } : { problem: "A file name is needed." };
}

function toNumber(text: string | undefined): number | undefined {
  if (text === undefined || !text.trim()) return undefined;
  const value = Number(text.replace("−", "-"));
  return Number.isFinite(value) ? value : undefined;
}

/** What an input's recipe starts as when its kind is changed in the form. */
export const startOf: { readonly [K in InputRecipe["kind"]]: Extract<InputRecipe, { kind: K }> } = {
  image: {
    kind: "image",
    size: [224, 224],
    fit: "center-crop",
    cropFraction: 0.875,
    fill: 0,
    interpolation: "bilinear",
    channels: "rgb",
    layout: "nchw",
    scale: 1 / 255,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  } satisfies ImageRecipe,
  array: { kind: "array" },
  row: { kind: "row" },
  text: { kind: "text", tokenizer: "tokenizer.json", maxLength: 128, part: "ids" },
};
