// The extension's side of a tab, with a small VS Code of the tests' own (test/support/vscode.ts).
import type * as vscode from "vscode";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FakePanel, FakeUri, serializers, trusted } from "../../test/support/vscode.ts";
import { PanelRegistry } from "./panels/registry.ts";
import type { Services } from "./services.ts";
import { WebviewSession } from "./webview-session.ts";

interface Host {
  ready(request: Record<string, never>): { readonly text: string };
  shout(request: { readonly text: string }): string;
}

const warnings: string[] = [];
const released = vi.fn();
const services = {
  context: { extensionUri: new FakeUri("/extension") },
  engine: { hold: () => ({ dispose: released }) },
  log: { warn: (line: string) => void warnings.push(line) },
} as unknown as Services;
const asPanel = (panel: FakePanel): vscode.WebviewPanel => panel as unknown as vscode.WebviewPanel;
afterEach(() => {
  warnings.length = 0;
  released.mockClear();
});

class Session extends WebviewSession<Host> {
  /** How boot() ends; it waits where there is none. */
  gate: Promise<void> = Promise.resolve();
  boots = 0;

  constructor(readonly tab: FakePanel) {
    super(services, asPanel(tab));
    this.open("page", "A <title>", { shout: ({ text }) => text.toUpperCase() });
  }

  protected async boot(): Promise<{ readonly text: string }> {
    const which = ++this.boots;
    await this.gate;
    return { text: `boot ${which}` };
  }

  rename(title: string): void {
    this.entitle(title);
  }

  tell(): Promise<void> {
    return this.notifyWebview("model-changed");
  }
}

/** Calls a method as the page would, and gives its answer once it was posted. */
async function ask(tab: FakePanel, method: string, request: unknown): Promise<unknown> {
  const id = Math.random();
  tab.received.fire({ link: "call", id, method, request });
  await vi.waitFor(() => expect(answerTo(tab, id)).toBeDefined());
  return answerTo(tab, id);
}
const answerTo = (tab: FakePanel, id: number): unknown =>
  tab.posted.find(
    (one) => (one as { id: number; link: string }).id === id && (one as { link: string }).link !== "call",
  );
const told = (tab: FakePanel): unknown[] =>
  tab.posted.filter((one) => (one as { method?: string }).method === "changed");

describe("a tab", () => {
  test("loads its page under a policy, and answers it", async () => {
    const { tab } = new Session(new FakePanel());
    expect(tab.webview.html).toContain("/extension/dist/webview/page.js");
    expect(tab.webview.html).toContain("A &#60;title&#62;");
    expect(tab.webview.options).toMatchObject({ enableScripts: true });
    expect(await ask(tab, "ready", {})).toMatchObject({ reply: { text: "boot 1" } });
    expect(await ask(tab, "shout", { text: "hi" })).toMatchObject({ reply: "HI" });
  });

  test("tells its page of changes once that has asked, and no page that is hidden", async () => {
    const session = new Session(new FakePanel());
    const { tab } = session;
    await session.tell();
    expect(told(tab)).toEqual([]);
    await ask(tab, "ready", {});
    void session.tell();
    expect(told(tab)).toHaveLength(1);
    tab.show(false);
    void session.tell();
    trusted.fire();
    expect(told(tab)).toHaveLength(1);
    // A page that is shown again is a new one: it asks by itself.
    tab.show(true);
    void session.tell();
    expect(told(tab)).toHaveLength(1);
    await ask(tab, "ready", {});
    trusted.fire();
    expect(told(tab)).toHaveLength(2);
  });

  test("begins with what changed while it was asked", async () => {
    const session = new Session(new FakePanel());
    let open = (): void => undefined;
    session.gate = new Promise((resolve) => (open = resolve));
    const answer = ask(session.tab, "ready", {});
    await vi.waitFor(() => expect(session.boots).toBe(1));
    void session.tell();
    open();
    expect(await answer).toMatchObject({ reply: { text: "boot 2" } });
  });

  test("that was closed holds nothing, listens to nothing and hears of nothing", async () => {
    const before = trusted.count;
    const session = new Session(new FakePanel());
    const { tab } = session;
    await ask(tab, "ready", {});
    let open = (): void => undefined;
    session.gate = new Promise((resolve) => (open = resolve));
    tab.received.fire({ link: "call", id: 7, method: "ready", request: {} });
    const pending = session.tell();
    // Letting the engine go changes the status bar, which asks which tab is in front.
    const asked: boolean[] = [];
    released.mockImplementationOnce(() => asked.push(session.isActive));
    expect(session.isActive).toBe(true);
    tab.dispose();
    expect(asked).toEqual([false]);
    expect([released.mock.calls.length, trusted.count - before]).toEqual([1, 0]);
    expect([tab.received.count, tab.viewState.count, tab.disposed.count]).toEqual([0, 0, 0]);
    const posted = tab.posted.length;
    open();
    // Whoever did not wait for it must not be told of an error.
    await expect(pending).resolves.toBeUndefined();
    expect(warnings).toEqual([]);
    session.rename("Another");
    // A watcher's word may still be on its way.
    await expect(session.tell()).resolves.toBeUndefined();
    expect(tab.posted).toHaveLength(posted);
    session.dispose();
    expect(released).toHaveBeenCalledTimes(1);
  });
});

class Registry extends PanelRegistry<{ readonly model: string }> {
  readonly added: string[] = [];
  constructor() {
    super(services, "neuralLoupe.test");
  }
  openTab(): FakePanel {
    return this.create("New", -2 as vscode.ViewColumn) as unknown as FakePanel;
  }
  protected revive(kept: unknown): { readonly model: string } | undefined {
    const { model } = (kept ?? {}) as { model?: unknown };
    if (model === "broken") throw new Error("It cannot be read.");
    return typeof model === "string" ? { model } : undefined;
  }
  protected add(_: vscode.WebviewPanel, { model }: { readonly model: string }): string | undefined {
    if (this.added.includes(model)) return "Its model is open in another panel.";
    this.added.push(model);
    return undefined;
  }
}

describe("the tabs of one kind", () => {
  test("come back after a reload; what cannot says why, in the tab and in the log", async () => {
    const registry = new Registry();
    expect(serializers.get("neuralLoupe.test")).toBe(registry);
    expect(registry.openTab().title).toBe("New");
    const restore = async (kept: unknown): Promise<string> => {
      const tab = new FakePanel();
      await registry.deserializeWebviewPanel(asPanel(tab), kept);
      return tab.webview.html;
    };
    expect(await restore({ model: "a", old: 1 })).toBe("");
    expect(registry.added).toEqual(["a"]);
    expect(warnings.splice(0)).toEqual(["Tab: restored without old"]);
    expect(await restore({ model: "a" })).toContain("open in another panel");
    expect(await restore(undefined)).toContain("Its state was not saved.");
    expect(await restore({ model: "broken" })).toContain("It cannot be read.");
    expect(warnings).toEqual([
      "Tab: not restored: the saved state does not say what it showed",
      "Tab: not restored: It cannot be read.",
    ]);
    registry.dispose();
    expect(serializers.has("neuralLoupe.test")).toBe(false);
  });
});
