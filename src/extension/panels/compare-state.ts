import type { Axis, AxisEntry, AxisKind, CompareState, ScaleSharing } from "../../protocol/compare.ts";
import { isComparable } from "../../protocol/compare.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";
import { readParams } from "../../protocol/params.ts";
import { isRecord } from "../../protocol/json.ts";
import { isResultId, readPanelState } from "./state.ts";

const kinds: readonly AxisKind[] = ["method", "target", "layer", "model"];
const scales: readonly ScaleSharing[] = ["own", "method", "all"];
/** More of them than anyone looks at: a state that is no one's. */
const MAX_ENTRIES = 64;

/**
 * A comparison's state as it came back from VS Code's storage or from a webview: gives one in which every field is
 * sound, or undefined when it does not say which model and input, or has nothing to compare.
 */
export function readCompareState(data: unknown, techniques: readonly TechniqueInfo[]): CompareState | undefined {
  if (!isRecord(data) || !isRecord(data.base)) return undefined;
  const comparable = techniques.filter(isComparable);
  const sound = readPanelState({ ...data.base, looks: data.looks }, comparable);
  if (!sound) return undefined;
  const { looks, input, pinned: _, ...base } = sound;
  if (input === undefined) return undefined;
  const columns = readAxis(data.columns, data.base, comparable);
  if (!columns) return undefined;
  const rows = readAxis(data.rows, data.base, comparable);
  const removed = Array.isArray(data.removed)
    ? data.removed
        .filter((key): key is string => typeof key === "string" && key.length < 10_000)
        .slice(0, MAX_ENTRIES * MAX_ENTRIES)
    : [];
  return {
    base: { ...base, input },
    columns,
    ...(rows && rows.kind !== columns.kind ? { rows } : {}),
    removed,
    looks,
    scale: scales.find((scale) => scale === data.scale) ?? "own",
    ...(isResultId(data.kept) ? { kept: data.kept } : {}),
  };
}

function readAxis(
  data: unknown,
  base: Record<string, unknown>,
  techniques: readonly TechniqueInfo[],
): Axis | undefined {
  if (!isRecord(data) || !Array.isArray(data.entries)) return undefined;
  const kind = kinds.find((one) => one === data.kind);
  if (!kind) return undefined;
  const entries = data.entries
    .slice(0, MAX_ENTRIES)
    .flatMap((entry: unknown) => readEntry(entry, kind, base, techniques) ?? []);
  return entries.length ? { kind, entries } : undefined;
}

function readEntry(
  data: unknown,
  kind: AxisKind,
  base: Record<string, unknown>,
  techniques: readonly TechniqueInfo[],
): AxisEntry | undefined {
  if (!isRecord(data)) return undefined;
  switch (kind) {
    case "method": {
      const info = techniques.find(({ id }) => id === data.technique);
      return (
        info && {
          kind,
          technique: info.id,
          ...(isRecord(data.params) ? { params: readParams(data.params, info) } : {}),
        }
      );
    }
    case "target": {
      const target = readPanelState({ ...base, target: data.target }, techniques)?.target;
      return target && { kind, target, label: typeof data.label === "string" ? data.label.slice(0, 1000) : "" };
    }
    case "layer": {
      const layer = readPanelState({ ...base, layer: data.layer }, techniques)?.layer;
      // What is no layer's name is not "Automatic": the person asked for something.
      if (data.layer !== undefined && typeof layer !== "string") return undefined;
      return typeof layer === "string" ? { kind, layer } : { kind };
    }
    case "model": {
      const model = readPanelState({ ...base, model: data.model }, techniques)?.model;
      return model === undefined ? undefined : { kind, model };
    }
  }
}
