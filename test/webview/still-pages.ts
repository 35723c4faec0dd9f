/** Pages that look the same each time and on every machine: no animation, no caret, one hour, one font, one browser. */
import { expect } from "vitest";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../../scripts/lib/browser.mjs";
import { sceneOf } from "./gallery/scenes.ts";
import type { Picture } from "./gallery/pictures.ts";
import { PageServer, views } from "./serve.ts";

/** Milliseconds until what was waited for counts as never coming. */
const patience = 60_000;
/** When all pages are opened, and when their clock stands still. */
const [opened, stopped] = [Date.UTC(2026, 0, 1, 12), Date.UTC(2026, 0, 1, 12, 10)];

export class StillPages {
  private constructor(
    private readonly server: PageServer,
    private readonly browser: Browser,
  ) {}

  static async start(root: string): Promise<StillPages> {
    // What depends on the machine's settings: how letters are smoothed, and its screen's colours.
    const args = [
      "--font-render-hinting=none",
      "--disable-lcd-text",
      "--force-color-profile=srgb",
      "--hide-scrollbars",
    ];
    return new StillPages(await PageServer.start(root, views), await launchBrowser({ args }));
  }

  /** Chromium's. */
  get version(): string {
    return this.browser.version();
  }

  /** A PNG of a state, once nothing in it changes any more. */
  async take({ view, scene, theme, width, height }: Picture): Promise<Buffer> {
    const { shows, height: own = 700 } = sceneOf(view, scene);
    const context = await this.browser.newContext({
      viewport: { width, height: height ?? own },
      reducedMotion: "reduce",
    });
    try {
      context.setDefaultTimeout(patience);
      const page = await context.newPage();
      await page.clock.install({ time: opened });
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(`${this.server.address}/${view}/?${new URLSearchParams({ scene, theme }).toString()}`);
      await page.locator(shows).first().waitFor();
      await answered(page);
      // What a page has put off until later happens now, and what the host says to it.
      await page.clock.pauseAt(stopped);
      await answered(page);
      await page.clock.runFor(1000);
      const picture = await still(page);
      expect(errors, "errors of the page's script").toEqual([]);
      return picture;
    } finally {
      await context.close();
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }
}

/** Waits until the fake host owes no answer but those that it never gives, and fonts are there. */
async function answered(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate("fake.pending"), { timeout: patience, interval: 20 }).toBe(0);
  await page.evaluate("document.fonts.ready.then(() => true)");
}

/** Takes pictures until two are the same. */
async function still(page: Page): Promise<Buffer> {
  let before: Buffer | undefined;
  for (const end = Date.now() + patience; Date.now() < end;) {
    const now = await page.screenshot({ animations: "disabled", caret: "hide" });
    if (before?.equals(now)) return now;
    before = now;
  }
  throw new Error(`The page did not come to rest within ${patience / 1000} s.`);
}
