import * as vscode from "vscode";
import { answerOf, type Later } from "./pick-later.ts";

/** The person pressed the Back button. */
export const back = Symbol("back");

export interface Pick<T extends vscode.QuickPickItem> {
  readonly title: string;
  readonly placeholder: string;
  /** Which step of how many; a first step has no Back button. */
  readonly step?: number;
  readonly total?: number;
  readonly items: readonly T[];
  /** Chosen when the person just presses Enter; the first item when absent. */
  readonly active?: T;
  /** An item made from what was typed, shown first: for what no list holds. */
  readonly typed?: (text: string) => T | undefined;
  readonly later?: Later<{ readonly items: readonly T[]; readonly active?: T }>;
  /** Why an item cannot be chosen, as a sentence: it is listed all the same, and choosing it says why. */
  readonly refused?: (item: T) => string | undefined;
  /** A button of an item was pressed: gives the items as they are then. */
  readonly onButton?: (item: T) => readonly T[];
}

/** Shows a list and resolves with what was chosen, `back`, or undefined when the person left it. */
export function pick<T extends vscode.QuickPickItem>(wanted: Pick<T>): Promise<T | typeof back | undefined> {
  const list = vscode.window.createQuickPick<T>();
  let items = wanted.items;
  let made: T | undefined;
  const show = (active?: T): void => {
    list.items = made ? [made, ...items] : [...items];
    if (made) list.activeItems = [made];
    else if (active) list.activeItems = [active];
  };
  // A list that waits for the model, or is one of several, stays when something else takes the focus: Escape leaves it.
  const stays = wanted.later !== undefined || wanted.step !== undefined;
  Object.assign(list, {
    title: wanted.title,
    placeholder: wanted.placeholder,
    step: wanted.step,
    totalSteps: wanted.total,
    matchOnDescription: true,
    matchOnDetail: true,
    ignoreFocusOut: stays,
    keepScrollPosition: true,
    buttons: (wanted.step ?? 1) > 1 ? [vscode.QuickInputButtons.Back] : [],
  });
  show(wanted.active);
  const answer = new Promise<T | typeof back | undefined>((resolve) => {
    list.onDidTriggerButton((button) => {
      if (button === vscode.QuickInputButtons.Back) resolve(back);
    });
    list.onDidHide(() => resolve(undefined));
    list.onDidAccept(() => {
      const [chosen] = list.selectedItems.length ? list.selectedItems : list.activeItems;
      const reason = chosen && wanted.refused?.(chosen);
      if (reason !== undefined) {
        list.selectedItems = [];
        list.placeholder = reason;
        // What was typed hides the placeholder.
        list.value = "";
        if (chosen) list.activeItems = [chosen];
      } else if (chosen) resolve(chosen);
    });
    list.onDidTriggerItemButton(({ item }) => {
      items = wanted.onButton?.(item) ?? items;
      show(items.find(({ label }) => label === item.label));
    });
    list.onDidChangeValue((text) => {
      // New items for each key would leave the list without a chosen one for a moment, in which Enter does nothing.
      const now = wanted.typed?.(text.trim());
      if (now?.label === made?.label) return;
      made = now;
      show();
    });
  });
  list.show();
  return answerOf(list, answer, wanted, (more) => {
    items = more.items;
    show(more.active);
  });
}

/** A line between groups of items. */
export function separator<T extends vscode.QuickPickItem>(label: string, like: Omit<T, keyof vscode.QuickPickItem>): T {
  return { ...like, label, kind: vscode.QuickPickItemKind.Separator } as T;
}
