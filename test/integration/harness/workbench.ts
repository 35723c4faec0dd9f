// VS Code's workbench the way a person uses it: by keys and clicks.
import assert from "node:assert/strict";
import type { Frame, Locator, Page } from "playwright-core";
import type { Bridge } from "./bridge.ts";
import { eventually } from "./eventually.ts";

export class Workbench {
  readonly page: Page;
  readonly #vscode: Bridge;

  constructor(page: Page, vscode: Bridge) {
    this.page = page;
    this.#vscode = vscode;
  }

  /** Waits until the workbench is drawn and its explorer has content. */
  async ready(): Promise<void> {
    await this.page.locator(".monaco-workbench .part.editor").waitFor({ timeout: 60_000 });
    await this.page.locator(".statusbar").waitFor();
  }

  /** F1, the command's title, Enter. The title must be the best match, as it is shown: "Neural Loupe: Visualize Saliency". */
  async runCommand(title: string): Promise<void> {
    await this.openPalette();
    await this.pick(title);
  }

  /** Opens the command palette and leaves it open. */
  async openPalette(): Promise<void> {
    await this.page.keyboard.press("F1");
    await this.quickInput.waitFor({ timeout: 5000 });
  }

  /** The box where a quick pick, the palette or an input box takes text. */
  get quickInput(): Locator {
    return this.page.locator(".quick-input-widget:visible .quick-input-box input").first();
  }

  /** The rows a quick pick shows (long lists show only what is in sight): their labels with descriptions. */
  async quickPickRows(): Promise<string[]> {
    return (await this.#rows()).map(({ label }) => label);
  }

  async #rows(): Promise<{ label: string; focused: boolean }[]> {
    const rows = this.page.locator(".quick-input-widget:visible .quick-input-list .monaco-list-row");
    // The list keeps its rows in the order in which it made them.
    return rows.evaluateAll((all) =>
      all
        .sort((a, b) => Number(a.getAttribute("data-index")) - Number(b.getAttribute("data-index")))
        .map((row) => ({ label: row.getAttribute("aria-label") ?? row.textContent ?? "", focused: row.classList.contains("focused") })),
    );
  }

  /**
   * Types into the open quick pick and takes a row with Enter: the one that is exactly `text` (apart from what follows a
   * comma: keys, details), by arrow keys if it is not the first; else the first one, once it shows `text`.
   */
  async pick(text: string, typed = text): Promise<void> {
    await this.typeQuickInput(typed);
    const wanted = text.toLowerCase();
    await eventually(async () => {
      const rows = await this.#rows();
      const exact = rows.findIndex(({ label }) => label.toLowerCase() === wanted || label.toLowerCase().startsWith(`${wanted},`));
      const at = exact === -1 && rows[0]?.label.toLowerCase().includes(wanted) ? 0 : exact;
      assert.notEqual(at, -1, await this.#described(`no row "${text}", and no first row that has it`));
      const steps = at - rows.findIndex(({ focused }) => focused);
      if (steps === 0) return;
      for (let i = 0; i < Math.abs(steps); i++) await this.page.keyboard.press(steps > 0 ? "ArrowDown" : "ArrowUp");
      throw new Error(await this.#described(`"${text}" out of reach of the arrow keys`)); // looked at again: rows may have moved
    });
    await this.page.keyboard.press("Enter");
  }

  /** Takes a row of the open quick pick by clicking it. */
  async clickPick(text: string): Promise<void> {
    const row = this.page.locator(".quick-input-widget:visible .quick-input-list .monaco-list-row").filter({ hasText: text }).first();
    await row.click({ timeout: 15_000 }).catch(async (error: Error) => {
      throw new Error(await this.#described(`no row "${text}"`), { cause: error });
    });
  }

  /** Gives a path to the save or open dialog (VS Code's own, in the quick input) and waits until it is gone. */
  async answerFileDialog(file: string): Promise<void> {
    await eventually(async () => assert.match(await this.quickInput.inputValue(), /[\\/]/, "no file dialog is open"));
    await eventually(async () => {
      if (!(await this.quickInput.isVisible())) return;
      // While it looks up its first folder it overwrites what was typed, and ignores Enter.
      if ((await this.quickInput.inputValue()) !== file) await this.quickInput.fill(file);
      else await this.page.keyboard.press("Enter");
      throw new Error(await this.#described(`not taken ${file}`));
    }, { every: 400 });
  }

  /** Replaces the text of the open input box and presses Enter. */
  async answer(text: string): Promise<void> {
    await this.quickInput.waitFor();
    await this.quickInput.fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** Types at the end of the open quick pick's text (the palette's ">" stays). */
  async typeQuickInput(text: string): Promise<void> {
    await this.quickInput.waitFor();
    await this.quickInput.click();
    await this.page.keyboard.press("End");
    await this.page.keyboard.insertText(text);
  }

  /** Opens a file of the workspace by clicking its row in the explorer; folders above it by their own rows first. */
  async openFile(path: string): Promise<void> {
    const parts = path.split("/");
    for (const [index, part] of parts.entries()) {
      const last = index === parts.length - 1;
      const row = this.explorerRow(part);
      await row.waitFor();
      if (last || (await row.getAttribute("aria-expanded")) !== "true") await row.click();
    }
  }

  /** The explorer's row of that exact name. */
  explorerRow(name: string): Locator {
    return this.page.locator(`.explorer-folders-view .monaco-list-row`).filter({ has: this.page.locator(".label-name", { hasText: exactly(name) }) });
  }

  /** Opens a file by Ctrl+P, its name, Enter. */
  async quickOpen(name: string): Promise<void> {
    await this.page.keyboard.press("ControlOrMeta+P");
    await this.pick(name);
  }

  /** Opens an explorer row's context menu and clicks an entry. */
  async contextMenu(file: string, entry: string): Promise<void> {
    await this.explorerRow(file).click({ button: "right" });
    await this.page.locator(".context-view .action-label, .monaco-menu .action-label").filter({ hasText: entry }).first().click();
  }

  /** A button in an editor's title bar, by its tooltip's beginning. */
  titleButton(label: string): Locator {
    return this.page.locator(`.editor-group-container .title .action-label[aria-label^="${label}"]`).first();
  }

  /**
   * The innermost frame of the visible webview that has something matching the CSS selector `has`. Fails, naming every
   * webview there is, when there is none (after `timeout` ms) or more than one.
   */
  async webview(has: string, { timeout = 20_000 } = {}): Promise<Frame> {
    return eventually(async () => {
      const frames = await this.webviews();
      const matches: Frame[] = [];
      for (const frame of frames) if ((await frame.locator(has).count()) > 0) matches.push(frame);
      if (matches.length === 1) return matches[0];
      const found = await Promise.all(frames.map(describeFrame));
      throw new Error(`${matches.length || "no"} visible webviews have "${has}". Visible webviews: ${found.join("; ") || "none"}`);
    }, { timeout });
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
  async notification(text: string | RegExp, { timeout = 20_000 } = {}): Promise<string> {
    return eventually(async () => {
      const all = await this.notifications();
      const found = all.find((one) => (typeof text === "string" ? one.includes(text) : text.test(one)));
      assert.ok(found !== undefined, `no notification says ${String(text)}; there are: ${all.join(" | ") || "none"}`);
      return found;
    }, { timeout });
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
    await this.#vscode.reconnect();
    await this.ready();
  }

  /** "View: Close All Editors", by its command. */
  async closeAllEditors(): Promise<void> {
    await this.#vscode.command("workbench.action.closeAllEditors");
  }

  async #described(what: string): Promise<string> {
    const rows = (await this.quickPickRows()).slice(0, 12);
    return `The quick pick has ${what}. Its rows: ${rows.join(" | ") || "none"}`;
  }
}

async function describeFrame(frame: Frame): Promise<string> {
  const text = await frame.locator("body").innerText({ timeout: 1000 }).catch(() => "");
  return `${frame.name() || frame.url()} with text "${text.replace(/\s+/g, " ").slice(0, 120)}"`;
}

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
}
