import type * as vscode from "vscode";
import { checkedMethod, checkState, checksOf } from "../../protocol/checks.ts";
import type { PanelState } from "../../protocol/panel.ts";
import { FAMILIES, type TechniqueInfo } from "../../protocol/technique.ts";
import { nameOf } from "../files.ts";
import type { Panels } from "../panels/panels.ts";
import type { Services } from "../services.ts";
import { defaultMethod } from "../starting-options.ts";
import { refuseWhenBlocked } from "../trust.ts";
import { pick, separator } from "./pick.ts";
import { activeModel, pickModel } from "./pick-model.ts";
import { visualize } from "./visualize.ts";

/** "Explain With…": asks for a method of all there are, then goes on as the method's own command does. */
export async function explainWith(services: Services, panels: Panels, given?: vscode.Uri): Promise<void> {
  const model = given ?? activeModel() ?? panels.active?.model ?? (await pickModel("Explain With"));
  if (!model || (await refuseWhenBlocked(model))) return;
  const methods = services.techniques.filter(({ group }) => group !== "checks");
  const info = await pickTechnique(services, methods, {
    title: `Explain ${nameOf(model)} with`,
    placeholder: "Which method? Its name, family, author or year",
    recent: "recentMethods",
    active: panels.of(model)?.current.technique ?? defaultMethod(services.setting, methods)?.id,
  });
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
    (await pickTechnique(
      services,
      techniques.filter((info) => checksOf(info, techniques).length > 0),
      {
        title: `Check an explanation of ${nameOf(model)}`,
        placeholder: "Which method's explanation should be checked?",
        recent: "recentMethods",
      },
    ));
  if (!method) return;
  const check = await pickTechnique(services, checksOf(method, techniques), {
    title: `Check ${method.title} of ${nameOf(model)}`,
    placeholder: "How should it be checked?",
  });
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

interface TechniqueItem extends vscode.QuickPickItem {
  readonly info?: TechniqueInfo;
}

/** One of the techniques: those used last first, then all by family; undefined when the person left the list. */
async function pickTechnique(
  { context }: Services,
  techniques: readonly TechniqueInfo[],
  {
    recent,
    active,
    ...wanted
  }: { readonly title: string; readonly placeholder: string; readonly recent?: string; readonly active?: string },
): Promise<TechniqueInfo | undefined> {
  const kept = recent === undefined ? [] : context.globalState.get<unknown>(recent);
  const ids = Array.isArray(kept) ? kept : [];
  const used = ids.flatMap((id) => techniques.find((info) => info.id === id) ?? []).slice(0, MOST_RECENT);
  const item = (info: TechniqueInfo): TechniqueItem => ({
    info,
    label: info.title,
    description: info.cite,
    detail: info.summary,
  });
  const families = [...new Set(techniques.map(({ group }) => group))];
  const items = [
    ...(used.length > 0 ? [separator<TechniqueItem>("Used last", {}), ...used.map(item)] : []),
    ...families.flatMap((family) => {
      const members = techniques.filter((info) => info.group === family && !used.includes(info));
      return members.length > 0 ? [separator<TechniqueItem>(FAMILIES[family], {}), ...members.map(item)] : [];
    }),
  ];
  const chosen = await pick({ ...wanted, items, active: items.find(({ info }) => info && info.id === active) });
  if (!chosen || typeof chosen === "symbol" || !chosen.info) return undefined;
  const { info } = chosen;
  if (recent !== undefined)
    await context.globalState.update(recent, [info.id, ...ids.filter((id) => id !== info.id)].slice(0, MOST_RECENT));
  return info;
}

const MOST_RECENT = 5;
