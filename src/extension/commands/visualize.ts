import * as vscode from "vscode";
import type { PanelState } from "../../protocol/panel.ts";
import { lacksInput } from "../../protocol/panel-job.ts";
import { takesInput, type TechniqueInfo } from "../../protocol/technique.ts";
import type { InputSources } from "../../protocol/sample.ts";
import { rowsOf, type FormRows } from "../../protocol/sample-form.ts";
import { nameOf } from "../files.ts";
import type { Facts } from "../model-facts.ts";
import { relativeSources } from "../panels/input-form.ts";
import type { Panels } from "../panels/panels.ts";
import { withProgress } from "../progress.ts";
import type { Services } from "../services.ts";
import { refuseWhenBlocked } from "../trust.ts";
import { back } from "./pick.ts";
import { pickInput } from "./pick-input.ts";
import { activeModel, pickModel } from "./pick-model.ts";
import { pickTarget } from "./pick-target.ts";

/**
 * A technique's command: asks for what it lacks (a model, an input, a target) and shows the panel. A panel that is open
 * for the model just changes method, unless it has no input yet.
 */
export async function visualize(
  services: Services,
  panels: Panels,
  info: TechniqueInfo,
  given?: vscode.Uri,
  wanted: Partial<Pick<PanelState, "layer" | "moreLayers" | "params">> = {},
): Promise<void> {
  const model = given ?? activeModel() ?? panels.active?.model ?? (await pickModel(info.command));
  if (!model || (await refuseWhenBlocked(model))) return;
  void services.methods.use(info);
  // Further layers belong to the layer they were chosen with.
  const change = { technique: info.id, ...(wanted.layer === undefined ? {} : { moreLayers: undefined }), ...wanted };
  const open = panels.of(model);
  if (open && !lacksInput(open.current, info)) return open.show(change);
  try {
    const current = currentState(services, info, model);
    if (current) return await (open ? open.show({ ...current, ...change }) : panels.show({ ...current, ...change }));
    const facts = await readModel(services, model);
    const asked = facts && (await ask(services, info, model, facts));
    if (!asked) return;
    if (open) return await open.show({ ...change, ...asked });
    const state = { model: model.toString(), ...services.startingOptions(), ...change, target: {} };
    const { looks, layer: known, moreLayers } = services.selections.startingFrom(state);
    const kept = { looks, ...(known === undefined ? {} : { layer: known, ...(moreLayers ? { moreLayers } : {}) }) };
    await panels.show({ ...state, ...kept, ...change, ...asked });
  } catch (error) {
    await showError(model, error);
  }
}

/**
 * The state of a new panel on what the model's views show already, where they were used in this window and have an
 * input: it needs no question.
 */
function currentState(services: Services, info: TechniqueInfo, model: vscode.Uri): PanelState | undefined {
  const { selections } = services;
  if (!selections.isCurrent(model.toString())) return undefined;
  const empty = { model: model.toString(), technique: info.id, target: {}, ...services.startingOptions() };
  const state = selections.startingFrom(empty);
  return lacksInput(state, info) ? undefined : state;
}

/** A large model takes a moment to read: said, and left when the person cancels. */
export async function readModel(services: Services, model: vscode.Uri): Promise<Facts | undefined> {
  const facts = services.facts.of(model.fsPath);
  const soon = new Promise<"slow">((resolve) => setTimeout(resolve, 1000, "slow"));
  const first = await Promise.race([facts, soon]);
  if (first !== "slow") return first;
  return withProgress(`Reading ${nameOf(model)}`, ({ signal }) => {
    const cancelled = new Promise<undefined>((resolve) =>
      signal.addEventListener("abort", () => resolve(undefined), { once: true }),
    );
    return Promise.race([facts, cancelled]);
  });
}

/** The input and the target, where the technique has them; undefined when the person left a list. */
async function ask(
  services: Services,
  info: TechniqueInfo,
  model: vscode.Uri,
  facts: Facts,
): Promise<Pick<PanelState, "input" | "target" | "form"> | undefined> {
  if (!takesInput(info)) return { target: {} };
  const total = info.needs.target ? 2 : 1;
  const before = services.selections.of(model.toString())?.input;
  let current = before === undefined ? undefined : vscode.Uri.parse(before);
  for (;;) {
    const input = await pickInput(services, model, facts, {
      title: `${info.command}: ${nameOf(model)}`,
      step: 1,
      total,
      current,
      canFill: true,
    });
    if (!input || input === back) return undefined;
    if ("fill" in input) return { target: {}, form: formOf(input.fill, model, facts) };
    if (!info.needs.target) return { input: input.toString(), target: {} };
    const state: PanelState = {
      model: model.toString(),
      input: input.toString(),
      technique: info.id,
      target: {},
      ...services.startingOptions(),
    };
    const chosen = await pickTarget(services, state, facts, { title: `${info.command}: target`, step: 2, total });
    if (!chosen) return undefined;
    if (chosen !== back) return { input: input.toString(), target: chosen.target };
    current = input;
  }
}

/** The form of inputs, as it begins. */
export function formOf(fill: InputSources, model: vscode.Uri, { model: { inputs }, recipe }: Facts): FormRows {
  return rowsOf(relativeSources(fill, model), inputs, recipe.recipe);
}

/** Why something could not be shown, with the log at hand. */
export async function showError(model: vscode.Uri, error: unknown): Promise<void> {
  const { message, hint } =
    error instanceof Error ? (error as Error & { hint?: string }) : { message: String(error), hint: undefined };
  const log = "Show Log";
  const answer = await vscode.window.showErrorMessage(`${nameOf(model)}: ${message}${hint ? ` ${hint}` : ""}`, log);
  if (answer === log) await vscode.commands.executeCommand("neuralLoupe.showLog");
}
