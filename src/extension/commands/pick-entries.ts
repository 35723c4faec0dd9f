import * as vscode from "vscode";
import type { AxisEntry, AxisKind } from "../../protocol/compare.ts";
import { isComparable } from "../../protocol/compare.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import type { PanelState } from "../../protocol/panel.ts";
import { predictionsOf } from "../../protocol/result.ts";
import { FAMILIES } from "../../protocol/technique.ts";
import { parseTarget, regionText, targetOfItem, usualOutput } from "../../protocol/target.ts";
import { nameOf, placeOf } from "../files.ts";
import type { Facts } from "../model-facts.ts";
import type { Services } from "../services.ts";
import { startingLayers, usualMethods } from "./suggested.ts";
import { findModels, MODEL_FILTERS } from "./pick-model.ts";
import { predictionText } from "./pick-target.ts";
import { pickMany } from "./pick-many.ts";
import type { TickItem } from "./pick-many.ts";

export interface EntriesRequest {
  /** What all cells have in common: the model is run on its input for classes and layers. */
  readonly state: PanelState;
  readonly facts: Facts;
  readonly kind: AxisKind;
  /** Along the axis now: ticked at first. None: what is worth a look. */
  readonly chosen: readonly AxisEntry[];
  /** Ids of the methods that are compared: they decide which layers there are. */
  readonly methods: readonly string[];
}

interface EntryItem extends TickItem {
  readonly entry?: AxisEntry;
}

const many = "Select one or more, then press Enter";

/**
 * Lets the person tick what stands along an axis. Entries that were there keep their order and their options, new ones
 * follow. undefined when the list was left, or nothing ticked.
 */
export async function pickEntries(
  services: Services,
  request: EntriesRequest,
): Promise<readonly AxisEntry[] | undefined> {
  const picked = await pickers[request.kind](services, request);
  const entries = picked?.flatMap(({ entry }) => entry ?? []);
  if (!entries?.length) return undefined;
  const names = new Set(entries.map(nameOfEntry));
  const kept = request.chosen.filter((entry) => names.has(nameOfEntry(entry)));
  const before = new Set(kept.map(nameOfEntry));
  return [...kept, ...entries.filter((entry) => !before.has(nameOfEntry(entry)))];
}

/** What is ticked or not: a method with other options is the same line of the list. */
function nameOfEntry(entry: AxisEntry): string {
  switch (entry.kind) {
    case "method":
      return entry.technique;
    case "target":
      return JSON.stringify([
        entry.target.index,
        entry.target.against,
        entry.target.region,
        ...(entry.target.not ? [true] : []),
      ]);
    case "layer":
      return entry.layer ?? "";
    case "model":
      return entry.model;
  }
}

type Picker = (services: Services, request: EntriesRequest) => Promise<readonly EntryItem[] | undefined>;

const pickers: Readonly<Record<AxisKind, Picker>> = {
  method({ techniques }, { chosen, facts }) {
    const comparable = techniques.filter(isComparable);
    const items = comparable.flatMap((info, index): EntryItem[] => [
      ...(info.group === comparable[index - 1]?.group ? [] : [line(FAMILIES[info.group])]),
      {
        key: info.id,
        label: info.title,
        detail: info.summary,
        ...(info.cite ? { description: info.cite } : {}),
        entry: { kind: "method", technique: info.id },
      },
    ]);
    return pickMany({
      title: "Methods to compare",
      placeholder: `Which methods? ${many}`,
      items,
      ticked: chosen.length ? chosen.map(nameOfEntry) : usualMethods(comparable, facts.recipe.recipe),
    });
  },

  target(services, { state, facts, chosen }) {
    const { output } = state.target;
    const dims = facts.model.outputs.find(({ name }) => name === (output ?? usualOutput(facts.model)))?.dims;
    const item = (
      label: string,
      what: Pick<TargetSpec, "index" | "region" | "not">,
      description: string,
    ): EntryItem => {
      const target: TargetSpec = { ...(output ? { output } : {}), ...what };
      const entry: AxisEntry = { kind: "target", target, label };
      return { key: nameOfEntry(entry), label, description, entry };
    };
    const named =
      !output || output === usualOutput(facts.model)
        ? facts.recipe.classes.map((name, index) => item(name, { index: [index] }, `class ${index}`))
        : [];
    // What was typed before is in no list of names.
    const here = chosen.flatMap((entry): EntryItem[] =>
      entry.kind === "target"
        ? [
            {
              key: nameOfEntry(entry),
              label: entry.label || nameOfEntry(entry),
              description: "in the comparison",
              entry,
            },
          ]
        : [],
    );
    const without = (items: readonly EntryItem[], others: readonly EntryItem[]): EntryItem[] =>
      items.filter(({ key }) => !others.some((other) => other.key === key));
    return pickMany({
      title: "Classes to compare",
      placeholder: "Running the model …",
      items: [...here, ...without(named, here)],
      ticked: here.map(({ key }) => key),
      typed: (text) => {
        const typed = named[Number(text)] ? text : parseTarget(text, dims);
        return typeof typed === "string"
          ? undefined
          : item(
              typed.region ? `Sum over ${regionText(typed.region)}` : `Index ${text}`,
              typed,
              typed.region ? "a region of the output" : `class ${text}`,
            );
      },
      later: async (signal, say) => {
        try {
          const top = await topClasses(services, state, signal, (text) => say(`${text} …`), item);
          const first = [...without(here, top), ...top];
          return {
            items: [
              line("in the comparison, and the model's top classes"),
              ...first,
              ...(named.length ? [line("all classes"), ...without(named, first)] : []),
            ],
            ticked: top.slice(0, 3).map(({ key }) => key),
            placeholder: `Which classes? A name or an index. ${many}`,
          };
        } catch (error) {
          if (signal.aborted) throw error;
          const message = error instanceof Error ? error.message : String(error);
          return {
            items: [
              { key: "failed", label: "$(warning) The model could not be run", detail: message, alwaysShow: true },
              ...here,
              ...without(named, here),
            ],
            placeholder: "Type a class name or index",
          };
        }
      },
    });
  },

  layer(services, { state, chosen, methods }) {
    const spatial = services.techniques.some(({ id, needs }) => methods.includes(id) && needs.layer === "spatial");
    const byItself: EntryItem = {
      key: "",
      label: "Automatic",
      description: "by each method",
      entry: { kind: "layer" },
    };
    const here = chosen.flatMap((entry): EntryItem[] =>
      entry.kind === "layer" && entry.layer !== undefined ? [{ key: entry.layer, label: entry.layer, entry }] : [],
    );
    return pickMany({
      title: "Layers to compare",
      placeholder: "Running the model for its layers …",
      items: [byItself, ...here],
      ticked: chosen.map(nameOfEntry),
      later: async (signal) => {
        try {
          const { layers, defaultLayer } = await services.runner.layers(state, { signal });
          const wanted = layers.filter((layer) => layer.spatial || !spatial);
          const items = wanted.map(({ value, node, operator, dims }): EntryItem => ({
            key: value,
            label: node,
            description: `${operator} ${dims.slice(1).join("×")}`,
            ...(node === value ? {} : { detail: value }),
            entry: { kind: "layer", layer: value },
          }));
          return {
            items: [byItself, ...items],
            ticked: startingLayers(wanted, defaultLayer),
            placeholder: `Which layers? First to last. ${many}`,
          };
        } catch (error) {
          if (signal.aborted) throw error;
          return {
            items: [
              {
                key: "failed",
                label: "$(warning) The model could not be run",
                detail: error instanceof Error ? error.message : String(error),
                alwaysShow: true,
              },
              byItself,
              ...here,
            ],
          };
        }
      },
    });
  },

  async model(_, { state, chosen }) {
    const item = (uri: vscode.Uri): EntryItem => ({
      key: uri.toString(),
      label: nameOf(uri),
      description: placeOf(uri),
      iconPath: new vscode.ThemeIcon("circuit-board"),
      entry: { kind: "model", model: uri.toString() },
    });
    const here = chosen.length ? chosen.map(nameOfEntry) : [state.model];
    const found = await findModels();
    const items = [
      ...new Map(
        [...here.map((uri) => vscode.Uri.parse(uri)), ...found].map((uri) => [uri.toString(), item(uri)]),
      ).values(),
    ];
    return pickMany({
      title: "Models to compare",
      placeholder: `Which models? ${many}`,
      items,
      ticked: here,
      more: {
        button: { iconPath: new vscode.ThemeIcon("folder-opened"), tooltip: "Browse for models on disk" },
        run: async () =>
          (
            (await vscode.window.showOpenDialog({
              title: "Models to compare",
              filters: MODEL_FILTERS,
              openLabel: "Compare",
              canSelectMany: true,
            })) ?? []
          ).map(item),
      },
    });
  },
};

async function topClasses(
  { runner }: Services,
  state: PanelState,
  signal: AbortSignal,
  say: (text: string) => void,
  item: (label: string, what: Pick<TargetSpec, "index" | "not">, description: string) => EntryItem,
): Promise<EntryItem[]> {
  const { target, layer: _, ...rest } = state;
  const { result } = await runner.run(
    { ...rest, technique: "predictions", target: target.output ? { output: target.output } : {} },
    { signal, onProgress: ({ text }) => say(text) },
  );
  const bars = predictionsOf(result);
  return (bars?.items ?? []).map((prediction) =>
    item(prediction.label, targetOfItem(bars!.dims, prediction), predictionText(bars!, prediction)),
  );
}

function line(label: string): EntryItem {
  return { key: `line ${label}`, label, kind: vscode.QuickPickItemKind.Separator };
}
