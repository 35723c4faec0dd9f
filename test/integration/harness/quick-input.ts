// VS Code's quick input: the palette, quick picks, input boxes and its file dialogs, by keys and clicks.
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";

export class QuickInput {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /**
   * Presses a key until the quick input that it opens is there: a workbench that just starts does not heed keys yet.
   */
  async openQuickInput(key: string, begins: string): Promise<void> {
    await eventually(async () => {
      await this.page.keyboard.press(key);
      await eventually(
        async () => {
          assert.ok(await this.quickInput.isVisible(), `${key} opened no quick input`);
          assert.ok(
            (await this.quickInput.inputValue({ timeout: 1000 })).startsWith(begins),
            `${key} opened another quick input`,
          );
        },
        { timeout: 5000 },
      );
    });
  }

  /** The box where a quick pick, the palette or an input box takes text. */
  get quickInput(): Locator {
    return this.page.locator(".quick-input-widget:visible .quick-input-box input").first();
  }

  /** The rows a quick pick shows (long lists show only what is in sight): their labels with descriptions. */
  async quickPickRows(): Promise<string[]> {
    return (await this.#quickPick()).rows.map(({ label }) => label);
  }

  /** The quick pick as it is now: which one, what is typed, whether more rows are to come, and its rows. */
  async #quickPick(): Promise<QuickPick> {
    return this.page.evaluate(() => {
      const widget = [...document.querySelectorAll<HTMLElement>(".quick-input-widget")].find((one) =>
        one.checkVisibility(),
      );
      if (!widget) return { open: false, title: "", value: "", busy: false, rows: [] };
      // The list keeps its rows in the order in which it made them.
      const rows = [...widget.querySelectorAll<HTMLElement>(".quick-input-list .monaco-list-row")]
        .sort((a, b) => Number(a.dataset.index) - Number(b.dataset.index))
        .map((row) => ({
          label: row.getAttribute("aria-label") ?? row.textContent ?? "",
          focused: row.classList.contains("focused"),
          ticked:
            row.getAttribute("aria-checked") === "true" ||
            row.querySelector(
              ".monaco-checkbox.checked, .monaco-custom-toggle.checked, input:checked, [aria-checked=true]",
            ) !== null,
        }));
      return {
        open: true,
        title: widget.querySelector(".quick-input-title")?.textContent ?? "",
        value: widget.querySelector<HTMLInputElement>(".quick-input-box input")?.value ?? "",
        busy: widget.querySelector(".monaco-progress-container.active") !== null,
        rows,
      };
    });
  }

  /**
   * Types into the open quick pick and takes a row with Enter: the one that is exactly `text` (apart from what follows
   * a comma: keys, details), by arrow keys if it is not the first; else the first one, once it shows `text`. A quick
   * pick that opens late is waited for, and so is the end of the one that was answered: what comes after is about the
   * next.
   */
  async pick(text: string, typed = text): Promise<void> {
    const wanted = text.toLowerCase();
    await eventually(
      async () => {
        const { open, value, busy, rows } = await this.#quickPick();
        assert.ok(open, `no quick pick is open to take "${text}" from`);
        const full = value.startsWith(">") ? `>${typed}` : typed; // the palette's ">" stays
        if (value !== full) {
          // Also where it has opened meanwhile in the place of another, which took what was typed with it.
          await this.quickInput.fill(full, { timeout: 5000 });
          // looked at again: the rows are still the old ones
          throw new Error(await this.#described(`not taken "${full}"`));
        }
        assert.ok(!busy, await this.#described("more rows to come"));
        const exact = rows.findIndex(
          ({ label }) => label.toLowerCase() === wanted || label.toLowerCase().startsWith(`${wanted},`),
        );
        const at = exact === -1 && rows[0]?.label.toLowerCase().includes(wanted) ? 0 : exact;
        assert.notEqual(at, -1, await this.#described(`no row "${text}", and no first row that has it`));
        const steps = at - rows.findIndex(({ focused }) => focused);
        if (steps === 0) return;
        await this.#press(steps > 0 ? "ArrowDown" : "ArrowUp");
        // looked at again: rows may have moved
        throw new Error(await this.#described(`"${text}" out of reach of the arrow keys`));
      },
      { every: 50 },
    );
    await this.accept();
  }

  /** Answers the open input box that says `prompt`, and waits until it is gone or has given way to the next. */
  async answerInput(prompt: string, text: string): Promise<void> {
    const message = this.page.locator(".quick-input-widget:visible .quick-input-message").filter({ hasText: prompt });
    await message.waitFor();
    // Pressed again, after a while, where VS Code has missed it.
    await eventually(async () => {
      await this.quickInput.fill(text, { timeout: 5000 });
      await this.#press("Enter");
      await eventually(async () => assert.equal(await message.count(), 0, `the input box "${prompt}" is still open`), {
        timeout: 10_000,
      });
    });
  }

  /**
   * Presses Enter in the open quick pick, when all its rows are there, and waits until it is gone or has given way to
   * the next.
   */
  async accept(): Promise<void> {
    const before = await eventually(async () => {
      const now = await this.#quickPick();
      assert.ok(now.open, "no quick pick is open");
      assert.ok(!now.busy, await this.#described("more rows to come"));
      return now;
    });
    // Pressed again, after a while, where VS Code has missed it: it does while it puts new rows into the list.
    await eventually(async () => {
      await this.#press("Enter");
      await eventually(
        async () => {
          const now = await this.#quickPick();
          assert.ok(
            !now.open || now.title !== before.title || now.value !== before.value,
            await this.#described("not gone after Enter"),
          );
        },
        { timeout: 10_000 },
      );
    });
  }

  /** A key in the quick input, which gets the focus back where an editor that came up late has taken it. */
  async #press(key: string): Promise<void> {
    await this.quickInput.press(key, { timeout: 10_000 });
  }

  /** Waits until the open list has this among its ticked rows, and takes what is ticked with Enter. */
  async takeTicked(name: string | RegExp): Promise<void> {
    await eventually(async () => {
      const { rows } = await this.#quickPick();
      const ticked = rows.filter((row) => row.ticked).map(({ label }) => label);
      assert.ok(
        ticked.some((label) => contains(label, name)),
        await this.#described(`no ticked "${String(name)}"; ticked are: ${ticked.join(" | ") || "none"}`),
      );
    });
    await this.accept();
  }

  /** Takes a row of the open quick pick by clicking it. */
  async clickPick(text: string): Promise<void> {
    const row = this.page
      .locator(".quick-input-widget:visible .quick-input-list .monaco-list-row")
      .filter({ hasText: text })
      .first();
    await row.click().catch(async (error: Error) => {
      throw new Error(await this.#described(`no row "${text}"`), { cause: error });
    });
  }

  /** Gives a path to the save or open dialog (VS Code's own, in the quick input) and waits until it is gone. */
  async answerFileDialog(file: string): Promise<void> {
    await eventually(async () => assert.match(await this.quickInput.inputValue(), /[\\/]/, "no file dialog is open"));
    await eventually(
      async () => {
        if (!(await this.quickInput.isVisible())) return;
        // While it looks up its first folder it overwrites what was typed, and ignores Enter.
        if ((await this.quickInput.inputValue({ timeout: 1000 })) !== file)
          await this.quickInput.fill(file, { timeout: 1000 });
        else await this.#press("Enter");
        throw new Error(await this.#described(`not taken ${file}`));
      },
      { every: 400 },
    );
  }

  /** Replaces the text of the open quick pick; the palette's ">" stays. */
  async typeQuickInput(text: string): Promise<void> {
    const begins = (await this.quickInput.inputValue()).startsWith(">") ? ">" : "";
    await this.quickInput.fill(begins + text);
  }

  async #described(what: string): Promise<string> {
    const rows = (await this.quickPickRows()).slice(0, 12);
    return `The quick pick has ${what}. Its rows: ${rows.join(" | ") || "none"}`;
  }
}

interface QuickPick {
  readonly open: boolean;
  readonly title: string;
  readonly value: string;
  /** More rows are to come. */
  readonly busy: boolean;
  readonly rows: readonly { readonly label: string; readonly focused: boolean; readonly ticked: boolean }[];
}

/** Whether a text has this in it. */
export function contains(whole: string, part: string | RegExp): boolean {
  return typeof part === "string" ? whole.includes(part) : part.test(whole);
}
