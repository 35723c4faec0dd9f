import type * as vscode from "vscode";
import { checksOf } from "../../protocol/checks.ts";
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
 * "Check Explanation…": asks for a check of what the panel in front shows, and runs it under the result ("How reliable is
 * this explanation?"), or only opens that. Where there is no panel, it asks for the model and the method as well: a check
 * is always of a method that the person has seen. `check`: by a check's own command.
 */
export async function checkExplanation(
  services: Services,
  panels: Panels,
  { given, check }: { readonly given?: vscode.Uri | undefined; readonly check?: TechniqueInfo } = {},
): Promise<void> {
  const { techniques } = services;
  const chosen = given ?? activeModel();
  const panel = given ? panels.of(given) : (panels.active ?? (chosen && panels.of(chosen)));
  const model = panel?.model ?? chosen ?? (await pickModel(check?.command ?? "Check an Explanation"));
  if (!model || (await refuseWhenBlocked(model))) return;
  const isChecked = (info: TechniqueInfo): boolean =>
    check ? checksOf(info, techniques).includes(check) : checksOf(info, techniques).length > 0;
  const shown = panel && techniques.find((info) => info.id === panel.current.technique && isChecked(info));
  const method =
    shown ??
    (await pickInfo(services, panels, model, `Check an explanation of ${nameOf(model)}: by which method?`, isChecked));
  if (!method) return;
  const wanted =
    check?.id ?? (await pickCheck(checksOf(method, techniques), `Check ${method.title} of ${nameOf(model)}`));
  if (wanted === undefined) return;
  const id = wanted === SECTION ? undefined : wanted;
  if (panel && shown) return panel.showReliability(id);
  await visualize(services, panels, method, model);
  await panels.of(model)?.showReliability(id);
}

/** The section without a run: a word that no technique has. */
const SECTION = "";

/** One of the checks, or the section that they stand in; undefined when the person left the list. */
async function pickCheck(checks: readonly TechniqueInfo[], title: string): Promise<string | undefined> {
  const section = {
    label: "How reliable is this explanation?",
    detail: "Opens the list of checks under the result; runs none.",
  };
  const picked = await pick({
    title,
    placeholder: "How should it be checked?",
    items: [
      section,
      ...checks.map(({ title, cite, summary }) => ({ label: title, description: cite, detail: summary })),
    ],
  });
  if (typeof picked !== "object") return undefined;
  return picked.label === section.label ? SECTION : checks.find((one) => one.title === picked.label)?.id;
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
