import type * as vscode from "vscode";
import { checkedMethod, checkState, checksOf } from "../../protocol/checks.ts";
import type { PanelState } from "../../protocol/panel.ts";
import { isMethod } from "../../protocol/quick-methods.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";
import { nameOf } from "../files.ts";
import type { Panels } from "../panels/panels.ts";
import type { Services } from "../services.ts";
import { defaultMethod } from "../starting-options.ts";
import { refuseWhenBlocked } from "../trust.ts";
import { pick } from "./pick.ts";
import { pickMethod } from "./pick-method.ts";
import { activeModel, pickModel } from "./pick-model.ts";
import { readModel, showError, visualize } from "./visualize.ts";

/** "Explain With…": asks for a method of all there are, then goes on as the method's own command does. */
export async function explainWith(services: Services, panels: Panels, given?: vscode.Uri): Promise<void> {
  const model = given ?? activeModel() ?? panels.active?.model ?? (await pickModel("Explain With"));
  if (!model || (await refuseWhenBlocked(model))) return;
  const info = await pickInfo(services, panels, model, `Explain ${nameOf(model)} with`);
  if (info) await visualize(services, panels, info, model);
}

/**
 * "Check Explanation…": asks for a check of what the panel in front shows. Where there is none, it asks for the model and
 * the method as well: a check is always of a method that the person has seen.
 */
export async function checkExplanation(services: Services, panels: Panels): Promise<void> {
  const { techniques } = services;
  const chosen = activeModel();
  const panel = panels.active ?? (chosen && panels.of(chosen));
  const model = panel?.model ?? chosen ?? (await pickModel("Check an Explanation"));
  if (!model || (await refuseWhenBlocked(model))) return;
  const shown = panel && checkedMethod(panel.current, techniques);
  const method =
    shown ??
    (await pickInfo(
      services,
      panels,
      model,
      `Check an explanation of ${nameOf(model)}: by which method?`,
      (info) => checksOf(info, techniques).length > 0,
    ));
  if (!method) return;
  const checks = checksOf(method, techniques);
  const picked = await pick({
    title: `Check ${method.title} of ${nameOf(model)}`,
    placeholder: "How should it be checked?",
    items: checks.map(({ title, cite, summary }) => ({ label: title, description: cite, detail: summary })),
  });
  const check = checks.find(({ title }) => typeof picked === "object" && picked.label === title);
  if (!check) return;
  const nothing: PanelState = { model: model.toString(), technique: "", target: {}, ...services.startingOptions() };
  const of = { ...(panel?.current ?? nothing), technique: method.id };
  const { layer, moreLayers, params } = checkState(of, check.id, techniques)!;
  await visualize(services, panels, check, model, {
    params,
    ...(layer === undefined ? {} : { layer }),
    ...(moreLayers ? { moreLayers } : {}),
  });
}

/** One of the methods, by the list of them; undefined when the person left it, or where the model cannot be read. */
async function pickInfo(
  services: Services,
  panels: Panels,
  model: vscode.Uri,
  title: string,
  among?: (info: TechniqueInfo) => boolean,
): Promise<TechniqueInfo | undefined> {
  const { techniques, setting } = services;
  try {
    const facts = await readModel(services, model);
    if (!facts) return undefined;
    const shown = panels.of(model)?.current;
    const id = await pickMethod(services, {
      model: model.toString(),
      facts,
      params: shown?.params ?? services.startingOptions().params,
      title,
      current: shown?.technique ?? defaultMethod(setting, techniques.filter(isMethod))?.id,
      ...(among ? { among } : {}),
    });
    return techniques.find((info) => info.id === id);
  } catch (error) {
    await showError(model, error);
    return undefined;
  }
}
