import {
  ARRAY_EXTENSIONS,
  hasEnding,
  PICTURE_EXTENSIONS,
  TABLE_EXTENSIONS,
  TEXT_EXTENSIONS,
} from "../../protocol/file-types.ts";
import type { InputRecipe, Recipe } from "../../protocol/recipe.ts";
import { isSampleName } from "../../protocol/sample.ts";

/** A file that could be an input, by what is known without opening it. */
export interface InputCandidate {
  /** Its URI. */
  readonly key: string;
  /** Its path, without a row. */
  readonly path: string;
  /** Whether it lies in the model's folder or below. */
  readonly beside: boolean;
}

export interface InputGroup {
  readonly label: string;
  readonly inputs: readonly { readonly candidate: InputCandidate; readonly reason?: string }[];
}

/**
 * The list of inputs: used last with this model; samples for it; files beside it that its recipe takes; others that it
 * takes, those used last with other models first; last what cannot fit, with the reason.
 *
 * @param recent URIs used last with this model, and with any, the latest first.
 * @param reasons Why files cannot be read as this model's input, by their URIs, as far as their headers were looked at.
 */
export function rankInputs(
  candidates: readonly InputCandidate[],
  recent: { readonly here: readonly string[]; readonly anywhere: readonly string[] },
  recipe: Pick<Recipe, "inputs"> | undefined,
  reasons: ReadonlyMap<string, string>,
): readonly InputGroup[] {
  const judged = candidates.map((candidate) => {
    const reason = reasons.get(candidate.key) ?? kindProblem(candidate.path, recipe);
    return { candidate, ...(reason === undefined ? {} : { reason }) };
  });
  const label = ({ candidate, reason }: (typeof judged)[number]): string => {
    if (reason !== undefined) return GROUPS.unfit;
    if (recent.here.includes(candidate.key)) return GROUPS.recent;
    if (isSampleName(candidate.path)) return GROUPS.samples;
    return candidate.beside ? GROUPS.beside : GROUPS.others;
  };
  return Object.values(GROUPS).flatMap((group) => {
    const inputs = judged.filter((one) => label(one) === group);
    const order = group === GROUPS.recent ? recent.here : recent.anywhere;
    inputs.sort(
      (a, b) => placeIn(order, a.candidate) - placeIn(order, b.candidate) || byPath(a.candidate, b.candidate),
    );
    return inputs.length > 0 ? [{ label: group, inputs }] : [];
  });
}

const GROUPS = {
  recent: "used last with this model",
  samples: "samples for this model",
  beside: "beside the model",
  others: "other files",
  unfit: "cannot fit",
} as const;

function placeIn(order: readonly string[], { key }: InputCandidate): number {
  const place = order.indexOf(key);
  return place < 0 ? Infinity : place;
}

function byPath(a: InputCandidate, b: InputCandidate): number {
  return a.path.localeCompare(b.path, "en", { numeric: true }) || (a.path < b.path ? -1 : 1);
}

const KINDS: readonly { readonly endings: readonly string[]; readonly what: string; readonly kind?: string }[] = [
  { endings: PICTURE_EXTENSIONS, what: "A picture", kind: "image" },
  { endings: TABLE_EXTENSIONS, what: "A table", kind: "row" },
  { endings: TEXT_EXTENSIONS, what: "A text", kind: "text" },
  { endings: ARRAY_EXTENSIONS, what: "An array" },
];

const TAKEN: Readonly<Record<InputRecipe["kind"], string>> = {
  image: "a picture or an array",
  row: "a table's row or an array",
  text: "a text or an array of token numbers",
  array: "an array",
};

/** The endings that a model's recipe takes. */
export function wantedEndings(recipe: Pick<Recipe, "inputs"> | undefined): readonly string[] {
  const kinds = kindsOf(recipe);
  if (kinds.size === 0) return KINDS.flatMap(({ endings, kind }) => (kind === "text" ? [] : endings));
  return KINDS.flatMap(({ endings, kind }) => (kind === undefined || kinds.has(kind) ? endings : []));
}

/** Why a file of this kind is no input of the model, as a sentence; undefined where it may be. */
function kindProblem(path: string, recipe: Pick<Recipe, "inputs"> | undefined): string | undefined {
  const kinds = kindsOf(recipe);
  const file = KINDS.find(({ endings }) => hasEnding(path, endings));
  if (kinds.size === 0 || file?.kind === undefined || kinds.has(file.kind)) return undefined;
  return `${file.what}; the model takes ${[...kinds].map((kind) => TAKEN[kind as InputRecipe["kind"]]).join(", and ")}.`;
}

function kindsOf(recipe: Pick<Recipe, "inputs"> | undefined): ReadonlySet<string> {
  return new Set(Object.values(recipe?.inputs ?? {}).map(({ kind }) => kind));
}
