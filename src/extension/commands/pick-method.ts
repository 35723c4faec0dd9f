import * as vscode from "vscode";
import { estimate, formatEstimate } from "../../protocol/cost.ts";
import { isMethod, withPinToggled, withUsed } from "../../protocol/quick-methods.ts";
import { FAMILIES, type TechniqueInfo } from "../../protocol/technique.ts";
import { whyNot } from "../../protocol/obstacles.ts";
import type { PanelBoot, PanelState } from "../../protocol/panel.ts";
import type { Facts } from "../model-facts.ts";
import type { Services } from "../services.ts";
import { pick, separator } from "./pick.ts";

interface MethodItem extends vscode.QuickPickItem {
  readonly id?: string;
}

export interface MethodChoice {
  /** The model, a URI string, and what is known of it. */
  readonly model: string;
  readonly facts: Facts;
  /** By technique id: what a run takes follows from them. */
  readonly params: PanelState["params"];
  readonly title: string;
  /** The method that is shown now. */
  readonly current?: string;
  /** Where not all are meant. */
  readonly among?: (info: TechniqueInfo) => boolean;
}

/** What of the services the list needs. */
type MethodServices = Pick<Services, "techniques" | "methods" | "times">;

/** Why methods cannot work for a model, by id, as sentences. */
export function unfitMethods(
  { model }: Pick<Facts, "model">,
  techniques: readonly TechniqueInfo[],
): PanelBoot["unfit"] {
  return Object.fromEntries(
    techniques.flatMap((info) => {
      const reason = whyNot(info, model);
      return reason === undefined ? [] : [[info.id, reason]];
    }),
  );
}

/**
 * Lets the person choose a method: those used last first, then all by family, each with its line and its year. One that
 * cannot work for the model is listed with the reason, and is not chosen. A button of each item pins it. Gives its id, or
 * undefined when they left the list.
 */
export async function pickMethod(services: MethodServices, choice: MethodChoice): Promise<string | undefined> {
  const { methods, techniques } = services;
  const { title, current } = choice;
  const unfit = unfitMethods(choice.facts, techniques);
  const items = methodItems(services, choice, unfit);
  const chosen = await pick<MethodItem>({
    title,
    placeholder: "Which method? Its name, family or year",
    items,
    active: items.find(({ id }) => id !== undefined && id === current) ?? items.find(({ id }) => id !== undefined),
    refused: ({ id }) => (id === undefined ? undefined : unfit[id]),
    onButton: ({ id }) => {
      if (id !== undefined) void methods.change((now) => withPinToggled(now, id));
      return methodItems(services, choice, unfit);
    },
  });
  if (!chosen || typeof chosen === "symbol" || chosen.id === undefined) return undefined;
  const { id } = chosen;
  await methods.change((now) => withUsed(now, id));
  return id;
}

/** The list's items, with lines between the groups. */
function methodItems(
  { techniques, methods, times }: MethodServices,
  { model, params, among = isMethod }: MethodChoice,
  unfit: PanelBoot["unfit"],
): MethodItem[] {
  const { recent, pinned } = methods.current;
  const speeds = times.of(model);
  const all = techniques.filter(among);
  const item = (info: TechniqueInfo): MethodItem => {
    const { id, title: label, cite, summary } = info;
    const reason = unfit[id];
    const isPinned = pinned.includes(id);
    const cost = formatEstimate(estimate(info, params[id], speeds, techniques));
    return {
      id,
      label: reason === undefined ? label : `$(circle-slash) ${label}`,
      description: [cite, cost].filter(Boolean).join(" · "),
      detail: reason === undefined ? summary : `Not for this model: ${reason}`,
      buttons: [
        {
          iconPath: new vscode.ThemeIcon(isPinned ? "pinned" : "pin"),
          tooltip: isPinned
            ? `Unpin ${label}: another method may take its button`
            : `Pin ${label}: it keeps its button`,
        },
      ],
    };
  };
  const used = recent.flatMap((id) => all.find((info) => info.id === id) ?? []).slice(0, 5);
  const families = Object.entries(FAMILIES).flatMap(([family, name]) => {
    const members = all.filter(({ group, id }) => group === family && !used.some((one) => one.id === id));
    return members.length > 0 ? [separator<MethodItem>(name, {}), ...members.map(item)] : [];
  });
  return used.length > 0 ? [separator<MethodItem>("Used last", {}), ...used.map(item), ...families] : families;
}
