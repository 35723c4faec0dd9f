/** Pages that look the same each time and on every machine: no animation, no caret, one hour, one font, one browser. */
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
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
      await page.goto(`${this.server.address}/${view}/?${new URLSearchParams({ scene, theme, still: "" }).toString()}`);
      await page.locator(shows).first().waitFor();
      await page.evaluate("document.fonts.ready.then(() => true)");
      await page.clock.pauseAt(stopped);
      await quiet(page);
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

/**
 * Puts the page's clock forward, so that what was put off until later happens now, until page and host have nothing more
 * to say to each other. Answers that are never given are not waited for.
 */
async function quiet(page: Page): Promise<void> {
  let [before, same] = ["", 0];
  for (const end = Date.now() + patience; same < 4;) {
    if (Date.now() > end) throw new Error(`The page and its host were not done within ${patience / 1000} s.`);
    await page.clock.runFor(500);
    const now = await page.evaluate<string>("[fake.calls.length, fake.pending].join()");
    same = now === before && now.endsWith(",0") ? same + 1 : 0;
    before = now;
  }
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
