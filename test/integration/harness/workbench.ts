// VS Code's workbench the way a person uses it: by keys and clicks.
import assert from "node:assert/strict";
import type { Frame, Locator, Page } from "playwright-core";
import type { Bridge } from "./bridge.ts";
import { eventually } from "./eventually.ts";
import { contains, QuickInput } from "./quick-input.ts";

export class Workbench extends QuickInput {
  readonly #vscode: Bridge | undefined;

  /** `vscode`: the window's extension host, which `reload` and `closeAllEditors` need. */
  constructor(page: Page, vscode?: Bridge) {
    super(page);
    this.#vscode = vscode;
  }

  /** Waits until the workbench is drawn. */
  async ready(): Promise<void> {
    await this.page.locator(".monaco-workbench .part.editor").waitFor();
    await this.page.locator(".statusbar").waitFor();
  }

  /**
   * F1, the command's title, Enter. The title must be the best match, as it is shown: "Neural Loupe: Visualize
   * Saliency".
   */
  async runCommand(title: string): Promise<void> {
    await this.findCommand(title);
    await this.pick(title);
  }

  /**
   * Leaves the palette open with this command in its list: a list made before the command's extension was known does
   * not get it.
   */
  async findCommand(title: string): Promise<void> {
    await eventually(async () => {
      await this.openPalette();
      await this.typeQuickInput(title);
      await eventually(
        async () => {
          const rows = await this.quickPickRows();
          assert.ok(
            rows.some((row) => row.includes(title)),
            `the palette does not list "${title}", but: ${rows.slice(0, 5).join(" | ")}`,
          );
        },
        { timeout: 10_000 },
      ).catch(async (error: Error) => {
        await this.page.keyboard.press("Escape");
        throw error;
      });
    });
  }

  /** Opens the command palette and leaves it open. */
  async openPalette(): Promise<void> {
    await this.openQuickInput("F1", ">");
  }

  /** Opens a file of the workspace by clicking its row in the explorer; folders above it by their own rows first. */
  async openFile(path: string): Promise<void> {
    const parts = path.split("/");
    for (const [index, part] of parts.entries()) {
      const last = index === parts.length - 1;
      const row = this.explorerRow(part);
      await row.waitFor();
      if (!last) {
        if ((await row.getAttribute("aria-expanded")) !== "true") await row.click();
        continue;
      }
      // Clicked again where rows moved under the mouse, because a file came or went: then another file was opened.
      await eventually(async () => {
        await row.click();
        await this.page
          .locator(`.tab.active[data-resource-name=${JSON.stringify(part)}]`)
          .first()
          .waitFor({ timeout: 10_000 });
      });
    }
  }

  /** The explorer's row of that exact name. */
  explorerRow(name: string): Locator {
    return this.page
      .locator(`.explorer-folders-view .monaco-list-row`)
      .filter({ has: this.page.locator(".label-name", { hasText: exactly(name) }) });
  }

  /** Opens an explorer row's context menu and clicks an entry, of a submenu by the names on the way to it. */
  async contextMenu(file: string, ...entries: readonly string[]): Promise<void> {
    await this.explorerRow(file).click({ button: "right" });
    for (const submenu of entries.slice(0, -1)) await this.#menuEntry(submenu).hover();
    await this.clickMenu(entries[entries.length - 1]);
  }

  /** Clicks an entry of the open menu, until the menu is gone: in its first moment a menu takes no clicks. */
  async clickMenu(entry: string): Promise<void> {
    const item = this.#menuEntry(entry);
    await item.waitFor();
    await eventually(
      async () => {
        if (!(await item.isVisible())) return;
        await item.click({ timeout: 2000 });
        throw new Error(`The menu stays open after a click on "${entry}".`);
      },
      { every: 300 },
    );
  }

  #menuEntry(text: string): Locator {
    return this.page
      .locator(".monaco-menu .action-label, .context-view .action-label")
      .filter({ hasText: exactly(text) })
      .first();
  }

  /** A button in an editor's title bar, by its tooltip's beginning. */
  titleButton(label: string): Locator {
    return this.page.locator(`.editor-group-container .title .action-label[aria-label^="${label}"]`).first();
  }

  /**
   * The innermost frame of the visible webview that has something matching the CSS selector `has`. Fails, naming every
   * webview there is, when there is none or more than one.
   */
  async webview(has: string): Promise<Frame> {
    return eventually(async () => {
      const frames = await this.webviews();
      const matches: Frame[] = [];
      for (const frame of frames) if ((await frame.locator(has).count()) > 0) matches.push(frame);
      if (matches.length === 1) return matches[0];
      const found = await Promise.all(frames.map(describeFrame));
      throw new Error(
        `${matches.length || "no"} visible webviews have "${has}". Visible webviews: ${found.join("; ") || "none"}`,
      );
    });
  }

  /** The innermost frames of all visible webviews. */
  async webviews(): Promise<Frame[]> {
    const visible: Frame[] = [];
    for (const frame of this.page.frames()) {
      // page > VS Code's frame around the webview > the webview's own document
      const outer = frame.parentFrame();
      if (!outer || outer.parentFrame() !== this.page.mainFrame()) continue;
      try {
        const element = await outer.frameElement();
        if (await element.isVisible()) visible.push(frame);
      } catch {
        // the frame went away while we looked: it is not visible
      }
    }
    return visible;
  }

  /** The texts of the notifications on the screen. */
  async notifications(): Promise<string[]> {
    return this.page.locator(".notifications-toasts .notification-list-item-message").allInnerTexts();
  }

  /** Waits for a notification with this text, and gives the whole of it. */
  async notification(text: string | RegExp): Promise<string> {
    return eventually(async () => {
      const all = await this.notifications();
      const found = all.find((one) => contains(one, text));
      assert.ok(found !== undefined, `no notification says ${String(text)}; there are: ${all.join(" | ") || "none"}`);
      return found;
    });
  }

  /** Clicks a button of the notification with this text. */
  async clickNotification(text: string, button: string): Promise<void> {
    const item = this.page.locator(".notifications-toasts .notification-toast").filter({ hasText: text });
    await item.hover();
    await item.locator(".monaco-button, .action-label").filter({ hasText: button }).first().click();
  }

  /** The modal dialog, if one is open. */
  get dialog(): Locator {
    return this.page.locator(".monaco-dialog-box");
  }

  /** Clicks a button of the modal dialog. */
  async clickDialog(button: string): Promise<void> {
    await this.dialog.locator(".monaco-button", { hasText: button }).first().click();
  }

  /** Reloads the window as "Developer: Reload Window" does, and waits until it is back with its extension host. */
  async reload(): Promise<void> {
    await this.runCommand("Developer: Reload Window");
    await this.#vscode!.reconnect();
    await this.ready();
  }

  /** "View: Close All Editors", by its command. */
  async closeAllEditors(): Promise<void> {
    await this.#vscode!.command("workbench.action.closeAllEditors");
  }
}

async function describeFrame(frame: Frame): Promise<string> {
  const text = await frame
    .locator("body")
    .innerText({ timeout: 1000 })
    .catch(() => "");
  return `${frame.name() || frame.url()} with text "${text.replace(/\s+/g, " ").slice(0, 120)}"`;
}

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
}
