import * as vscode from "vscode";
import type { AxisEntry, CompareState } from "../../protocol/compare.ts";
import { isComparable } from "../../protocol/compare.ts";
import type { PanelState } from "../../protocol/panel.ts";
import { nameOf } from "../files.ts";
import type { Comparisons } from "../panels/comparisons.ts";
import type { Panels } from "../panels/panels.ts";
import { readPanelState } from "../panels/state.ts";
import type { Facts } from "../model-facts.ts";
import type { Services } from "../services.ts";
import { refuseWhenBlocked } from "../trust.ts";
import { back } from "./pick.ts";
import { pickEntries } from "./pick-entries.ts";
import { pickInput } from "./pick-input.ts";
import { activeModel, pickModel } from "./pick-model.ts";
import { usualMethods } from "./suggested.ts";
import { readModel, showError } from "./visualize.ts";

/**
 * "Compare Explanations": asks for what it lacks (a model, an input), then which methods, and opens the comparison.
 * From a panel it takes over the panel's input, target, layer and options. `given`: a panel's state, or nothing that
 * can be told.
 */
export async function compare(
  services: Services,
  panels: Panels,
  comparisons: Comparisons,
  given?: { readonly model?: vscode.Uri; readonly state?: unknown },
): Promise<void> {
  const panel = panels.active;
  const shown =
    readPanelState(given?.state, services.techniques) ??
    (given?.model && given.model.toString() !== panel?.model.toString() ? undefined : panel?.current);
  const model = shown
    ? vscode.Uri.parse(shown.model)
    : (given?.model ?? activeModel() ?? (await pickModel("Compare Explanations")));
  if (!model || (await refuseWhenBlocked(model))) return;
  try {
    const facts = await readModel(services, model);
    if (!facts) return;
    const nothing: PanelState = { model: model.toString(), technique: "", target: {}, ...services.startingOptions() };
    const { selections } = services;
    const current = shown ?? (selections.isCurrent(model.toString()) ? selections.startingFrom(nothing) : nothing);
    const input = current.input ?? (await inputFor(services, model, facts));
    if (input === undefined) return;
    const state = { ...current, input };
    const comparable = services.techniques.filter(isComparable);
    const first = comparable.find(({ id }) => id === state.technique);
    const ticked = [...new Set([...(first ? [first.id] : []), ...usualMethods(comparable, facts.recipe.recipe)])];
    const chosen = ticked.map((technique): AxisEntry => ({ kind: "method", technique }));
    const entries = await pickEntries(services, { state, facts, kind: "method", chosen, methods: ticked });
    if (entries?.[0]?.kind !== "method") return;
    const { looks, pinned: _, form: __, ...base } = state;
    const common: CompareState["base"] = first ? base : { ...base, technique: entries[0].technique };
    comparisons.open({
      base: common,
      columns: { kind: "method", entries },
      removed: [],
      looks: { ...looks, channel: undefined },
      scale: "own",
    });
  } catch (error) {
    await showError(model, error);
  }
}

async function inputFor(services: Services, model: vscode.Uri, facts: Facts): Promise<string | undefined> {
  const before = services.selections.of(model.toString())?.input;
  const input = await pickInput(services, model, facts, {
    title: `Compare Explanations: ${nameOf(model)}`,
    step: 1,
    total: 2,
    ...(before === undefined ? {} : { current: vscode.Uri.parse(before) }),
  });
  return input && input !== back && !("fill" in input) ? input.toString() : undefined;
}
