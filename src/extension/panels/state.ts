import type { TargetSpec } from "../../protocol/job.ts";
import { RemoteError } from "../../protocol/link.ts";
import { withoutCheck } from "../../protocol/checks.ts";
import { readLooks } from "../../protocol/looks.ts";
import type { PanelState } from "../../protocol/panel.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import { readRows } from "../../protocol/sample-form.ts";
import { readParams } from "../../protocol/params.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";
import { isRecord } from "../../protocol/json.ts";
import { refuseChanges } from "./changes.ts";

/**
 * A panel's state as it came back from VS Code's storage or from a webview: an older version's, or anything. Gives a
 * state in which every field is sound (what is not becomes its default), or undefined when it does not say which model
 * and, where it has one, which input. A check that stood in its method's place stands under it.
 */
export function readPanelState(data: unknown, techniques: readonly TechniqueInfo[]): PanelState | undefined {
  if (!isRecord(data) || !isUri(data.model) || !(data.input === undefined || isUri(data.input))) return undefined;
  const technique = techniques.find(({ id }) => id === data.technique) ?? techniques[0];
  if (!technique) return undefined;
  const params = isRecord(data.params) ? data.params : {};
  const recipe = readRecipe(data.recipe);
  const form = readRows(data.form);
  const state: PanelState = {
    model: data.model,
    ...(data.input === undefined ? {} : { input: data.input }),
    technique: technique.id,
    target: readTarget(data.target),
    ...(Array.isArray(data.explain) &&
    data.explain.length > 0 &&
    data.explain.length <= MOST_INPUTS &&
    data.explain.every(isText)
      ? { explain: data.explain }
      : {}),
    ...(isText(data.layer) ? { layer: data.layer } : {}),
    ...(isText(data.layer) &&
    Array.isArray(data.moreLayers) &&
    data.moreLayers.length > 0 &&
    data.moreLayers.length <= MOST_LAYERS &&
    data.moreLayers.every(isText)
      ? { moreLayers: data.moreLayers }
      : {}),
    ...(Array.isArray(data.more) && data.more.length > 0 && data.more.length <= MOST_SAMPLES && data.more.every(isUri)
      ? { more: data.more }
      : {}),
    params: Object.fromEntries(
      techniques.filter(({ id }) => isRecord(params[id])).map((info) => [info.id, readParams(params[info.id], info)]),
    ),
    looks: readLooks(data.looks),
    ...(recipe ? { recipe } : {}),
    ...(form ? { form } : {}),
    ...(Array.isArray(data.reliability)
      ? { reliability: checksIn(data.reliability, techniques).slice(0, techniques.length) }
      : {}),
    ...(isResultId(data.pinned) ? { pinned: data.pinned } : {}),
  };
  return withoutCheck(state, techniques);
}

function checksIn(ids: readonly unknown[], techniques: readonly TechniqueInfo[]): string[] {
  return ids.filter(
    (id): id is string => isText(id) && techniques.some((info) => info.group === "checks" && info.id === id),
  );
}

/** An entry's name among the kept results, as this program makes them. */
export function isResultId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f-]{36}$/.test(value);
}

/**
 * What a webview asks for now, as it is shown there: rejects (UsageError, with the field's place) what is not sound, as
 * what would run in its place is not what the person sees.
 */
export function checkedPanelState(data: unknown, techniques: readonly TechniqueInfo[]): PanelState {
  const sound = readPanelState(data, techniques);
  if (!sound)
    throw new RemoteError(
      "UsageError",
      "The state of this panel does not name a model and an input.",
      undefined,
      "Reload the panel.",
    );
  refuseChanges(data, sound);
  return sound;
}

/** More than anyone picks by hand. */
const MOST_SAMPLES = 10_000;

/** More than any model has. */
const MOST_INPUTS = 10_000;

function isRegion(value: unknown): value is NonNullable<TargetSpec["region"]> {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= 16 &&
    value.every((range) => isIndex(range) && range.length === 2)
  );
}

/** More than anyone averages. */
const MOST_LAYERS = 1000;

function readTarget(data: unknown): TargetSpec {
  if (!isRecord(data)) return {};
  return {
    ...(isText(data.output) ? { output: data.output } : {}),
    ...(isIndex(data.index) ? { index: data.index } : {}),
    ...(isIndex(data.against) ? { against: data.against } : {}),
    ...(data.not === true ? { not: true } : {}),
    ...(isRegion(data.region) ? { region: data.region } : {}),
  };
}

/** Keeps a recipe whose outline is right; the engine checks the rest, with messages, when it is used. */
function readRecipe(data: unknown): Recipe | undefined {
  if (
    !isRecord(data) ||
    data.version !== 1 ||
    !isRecord(data.inputs) ||
    (data.outputs !== undefined && !isRecord(data.outputs))
  )
    return undefined;
  const kinds = ["image", "array", "row", "text"];
  return Object.values(data.inputs).every((input) => isRecord(input) && kinds.includes(input.kind as string))
    ? (data as unknown as Recipe)
    : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length < 10_000;
}

function isUri(value: unknown): value is string {
  return isText(value) && /^[a-z][a-z0-9+.-]*:/i.test(value);
}

function isNatural(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function isIndex(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.length <= 16 && value.every(isNatural);
}
