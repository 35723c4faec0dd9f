import type * as vscode from "vscode";
import { expect, test, vi } from "vitest";
import { Plumbing } from "./plumbing.ts";

/** What a workspace keeps. */
function memento(): vscode.Memento {
  const kept = new Map<string, unknown>();
  return {
    keys: () => [...kept.keys()],
    get: (name: string) => kept.get(name),
    update: (name: string, value: unknown) => Promise.resolve(void kept.set(name, value)),
  } as unknown as vscode.Memento;
}

test("one choice for all views of a window, told to each, kept with the workspace", async () => {
  const kept = memento();
  const plumbing = new Plumbing(kept);
  const heard = vi.fn();
  plumbing.onDidChange(heard);
  expect(plumbing.shown).toBe(false);
  await plumbing.show(true);
  await plumbing.show(true);
  expect(heard).toHaveBeenCalledTimes(1);
  expect(new Plumbing(kept).shown).toBe(true);
  await plumbing.show(false);
  expect(new Plumbing(kept).shown).toBe(false);
});
