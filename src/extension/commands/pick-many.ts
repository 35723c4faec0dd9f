import * as vscode from "vscode";
import { answerOf, type Later } from "./pick-later.ts";

/** An item that can be ticked; `key` tells it from others, also when the list is made anew. */
export interface TickItem extends vscode.QuickPickItem {
  readonly key: string;
}

export interface PickMany<T extends TickItem> {
  readonly title: string;
  readonly placeholder: string;
  readonly items: readonly T[];
  /** Keys of what is ticked at first. */
  readonly ticked: readonly string[];
  /** An item made from what was typed, shown first: for what no list holds. */
  readonly typed?: (text: string) => T | undefined;
  readonly later?: Later<{ readonly items: readonly T[]; readonly ticked?: readonly string[] }>;
  /** A button in the title that brings more items. */
  readonly more?: { readonly button: vscode.QuickInputButton; readonly run: () => Promise<readonly T[]> };
}

/**
 * Shows a list in which several may be ticked; resolves with those, in the list's order, or undefined when the person
 * left it.
 */
export function pickMany<T extends TickItem>(wanted: PickMany<T>): Promise<readonly T[] | undefined> {
  const list = vscode.window.createQuickPick<T>();
  const ticked = new Set(wanted.ticked);
  let items = wanted.items;
  let made: T | undefined;
  const show = (): void => {
    const shown = made ? [made, ...items.filter(({ key }) => key !== made?.key)] : [...items];
    list.items = shown;
    list.selectedItems = shown.filter(
      (item) => ticked.has(item.key) && item.kind !== vscode.QuickPickItemKind.Separator,
    );
  };
  Object.assign(list, {
    title: wanted.title,
    placeholder: wanted.placeholder,
    canSelectMany: true,
    matchOnDescription: true,
    matchOnDetail: true,
    ignoreFocusOut: true,
    keepScrollPosition: true,
    buttons: wanted.more ? [wanted.more.button] : [],
  });
  show();
  const answer = new Promise<readonly T[] | undefined>((resolve) => {
    list.onDidChangeSelection((selected) => {
      // Only of what is in the list: what it does not hold at the moment stays as it was.
      for (const { key } of list.items) ticked.delete(key);
      for (const { key } of selected) ticked.add(key);
    });
    // A dialog of files takes the list's place for a while.
    let browsing = false;
    list.onDidTriggerButton(() => {
      browsing = true;
      void wanted.more?.run().then((more) => {
        items = [...items, ...more.filter(({ key }) => !items.some((item) => item.key === key))];
        for (const { key } of more) ticked.add(key);
        show();
        list.show();
        browsing = false;
      });
    });
    list.onDidHide(() => {
      if (!browsing) resolve(undefined);
    });
    list.onDidAccept(() => {
      // Nothing ticked: Enter takes what the person stands on.
      const all = made ? [made, ...items] : items;
      const chosen = all.filter(({ key, kind }) => ticked.has(key) && kind !== vscode.QuickPickItemKind.Separator);
      resolve(chosen.length ? chosen : list.activeItems);
    });
    list.onDidChangeValue((text) => {
      const now = wanted.typed?.(text.trim());
      if (now?.key === made?.key) return;
      made = now;
      show();
    });
  });
  list.show();
  return answerOf(list, answer, wanted, (more) => {
    items = more.items;
    if (more.ticked && ticked.size === 0) for (const key of more.ticked) ticked.add(key);
    show();
  });
}
