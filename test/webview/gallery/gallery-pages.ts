/** The gallery's states, opened one after another in a few pages of one browser. */
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../../../scripts/lib/browser.mjs";
import { until } from "../harness.ts";
import { PageServer, views } from "../serve.ts";
import type { View } from "../serve.ts";
import { sceneOf } from "./scenes.ts";

/** Milliseconds until what was waited for counts as never coming. */
const patience = 60_000;
/** Pages at once: while one waits for an answer, the others have the processors. */
const count = 3;

export class GalleryPages {
  private readonly waiting: ((page: Page) => void)[] = [];

  private constructor(
    private readonly server: PageServer,
    private readonly browser: Browser,
    private readonly free: Page[],
  ) {}

  static async start(
    root: string,
    viewport: { readonly width: number; readonly height: number },
  ): Promise<GalleryPages> {
    const [server, browser] = await Promise.all([PageServer.start(root, views), launchBrowser()]);
    // One context, so that they share what was read and compiled.
    const context = await browser.newContext({ viewport, permissions: [] });
    context.setDefaultTimeout(patience);
    return new GalleryPages(server, browser, await Promise.all(Array.from({ length: count }, () => context.newPage())));
  }

  /**
   * Opens a state, waits until it is there and its host has answered all that it answers, and lets `look` at it. Gives
   * what that says, and the errors of the page's script and its console.
   */
  async visit<T>(
    view: View,
    scene: string,
    look: (page: Page) => Promise<T>,
  ): Promise<T & { readonly errors: string[] }> {
    const page = this.free.pop() ?? (await new Promise<Page>((take) => this.waiting.push(take)));
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    try {
      await page.goto(`${this.server.address}/${view}/?${new URLSearchParams({ scene, theme: "dark" }).toString()}`);
      await page.locator(sceneOf(view, scene).shows).first().waitFor();
      await until(page, "fake.pending === 0");
      return { ...(await look(page)), errors };
    } finally {
      page.removeAllListeners();
      const next = this.waiting.shift();
      if (next) next(page);
      else this.free.push(page);
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }
}
