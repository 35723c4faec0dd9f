/** Opens the webviews' pages, with fake hosts in them, in Chromium. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { ExpectPollOptions } from "vitest";
import { launchBrowser } from "../../scripts/lib/browser.mjs";
import type { PanelState } from "../../src/protocol/panel.ts";
import type { ThemeName } from "./fake/themes.ts";
import { PageServer } from "./serve.ts";
import type { View } from "./serve.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** Milliseconds until what was waited for counts as never coming, however busy the machine is. */
const patience = 60_000;
const screenshots = path.join(root, "test/screenshots");

export interface OpenOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** A state of the gallery, by its name in test/webview/gallery/scenes.ts ... */
  readonly scene?: string;
  /** ... or what the fake host should do; read by test/webview/fake. */
  readonly scenario?: Record<string, unknown>;
}

/** A page of a webview, with the errors of its script and its console. */
export type TestPage = Page & { readonly problems: string[] };

/**
 * For the top of a test file: serves a view for as long as its tests run, and gives what opens a page of it. After each
 * test its pages are closed, and errors in their consoles fail it.
 */
export function pagesOf(view: View): (options?: OpenOptions) => Promise<TestPage> {
  let harness: Harness | undefined;
  const pages: TestPage[] = [];
  beforeAll(async () => {
    harness = await Harness.start(view);
  });
  afterAll(() => harness?.close());
  afterEach(async () => {
    const opened = pages.splice(0);
    await Promise.all(opened.map((page) => page.context().close()));
    expect(
      opened.flatMap((page) => page.problems),
      "errors in the page's console",
    ).toEqual([]);
  });
  return async (options) => {
    if (!harness) throw new Error("Pages are opened by tests, not before them.");
    const page = await harness.open(options);
    pages.push(page);
    return page;
  };
}

/** The server of a view's files and the browser that opens them. */
class Harness {
  private constructor(
    private readonly view: View,
    private readonly server: PageServer,
    private readonly browser: Browser,
  ) {}

  static async start(view: View): Promise<Harness> {
    return new Harness(view, await PageServer.start(root, [view]), await launchBrowser());
  }

  /** A fresh page; what its script throws or the CSP refuses is among its problems. */
  async open({ theme = "dark", width = 860, height = 760, scene, scenario = {} }: OpenOptions = {}): Promise<TestPage> {
    const context = await this.browser.newContext({ viewport: { width, height }, permissions: [] });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    // Its time goes on by itself; `later` puts it forward.
    await page.clock.install();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    if (process.env.WEBVIEW_CPU_SLOWDOWN) {
      await (
        await context.newCDPSession(page)
      ).send("Emulation.setCPUThrottlingRate", { rate: Number(process.env.WEBVIEW_CPU_SLOWDOWN) });
    }
    if (scene === undefined) await page.addInitScript(`globalThis.scenario = ${JSON.stringify(scenario)}`);
    const query = new URLSearchParams({ theme, ...(scene === undefined ? {} : { scene }) });
    await page.goto(`${this.server.address}/${this.view}/?${query.toString()}`);
    return Object.assign(page, { problems });
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }
}

/** A picture of the page for people to judge, in test/screenshots (not kept in git). */
export async function screenshot(page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: path.join(screenshots, `webview-${name}.png`), fullPage });
}

/** How often the webview called a method of the host. */
export function calls(page: Page, method: string): Promise<number> {
  return page.evaluate(`fake.count(${JSON.stringify(method)})`);
}

/**
 * The last request of a method so far. The page sends some of them a while after what caused them: ask `eventually`, or
 * `requested`.
 */
export function lastRequest<T>(page: Page, method: string): Promise<T> {
  return page.evaluate(`fake.calls.filter((call) => call.method === ${JSON.stringify(method)}).at(-1)?.request`);
}

/** What the last request of a technique's panel was about, so far. */
export async function lastState(page: Page, method = "run"): Promise<PanelState> {
  return (await lastRequest<{ readonly state: PanelState }>(page, method)).state;
}

/** Waits until the last request of a method is one that `holds` is true of, and gives it. */
export async function requested<T>(
  page: Page,
  method: string,
  holds: (request: T) => boolean = () => true,
): Promise<T> {
  let request: T | undefined;
  await eventually(async () => {
    request = await lastRequest<T | undefined>(page, method);
    return request !== undefined && holds(request);
  }, `a request of "${method}" as the test describes it`).toBe(true);
  return request as T;
}

/** An assertion about the page that need not hold yet: `await eventually(() => page.textContent("h1")).toBe("Cat")`. */
export function eventually<T>(read: () => T | Promise<T>, message?: string): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, {
    timeout: patience,
    interval: 30,
    ...(message ? { message } : {}),
  } satisfies ExpectPollOptions);
}

/**
 * Nothing runs any more in a technique's panel: told by the picture's place. After an action, wait for its request
 * first.
 */
export function idle(page: Page): Promise<void> {
  return until(page, "document.querySelector('.stage')?.getAttribute('aria-busy') === 'false'");
}

/** A number that changes when the canvas at a selector does. */
export function inkOf(page: Page, selector: string): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector(${JSON.stringify(selector)});
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let hash = canvas.width;
    for (const byte of data) hash = (hash * 31 + byte) | 0;
    return hash;
  })()`);
}

/**
 * Waits until an expression in the page is true. (Playwright's own waitForFunction evaluates in the page, which the CSP
 * refuses.)
 */
export async function until(page: Page, expression: string): Promise<void> {
  const end = Date.now() + patience;
  while (!(await page.evaluate(expression))) {
    if (Date.now() > end) throw new Error(`Did not become true within ${patience / 1000} s: ${expression}`);
    await new Promise((done) => setTimeout(done, 30));
  }
}

/**
 * Puts the page's clock forward by some milliseconds: whatever it has put off until then happens now. For what must not
 * happen, too.
 */
export async function later(page: Page, milliseconds = 2000): Promise<void> {
  await page.clock.runFor(milliseconds);
}

/**
 * The page's clock stands still until `later` puts it forward or `page.clock.resume` lets it go: for what must not
 * depend on this machine's speed.
 */
export async function stopClock(page: Page): Promise<void> {
  await page.clock.pauseAt(Number(await page.evaluate("Date.now()")) + 1000);
}

/** Where an element is, in CSS pixels of the page, once it no longer moves. */
export async function boxOf(
  locator: Locator,
): Promise<{ readonly x: number; readonly y: number; readonly width: number; readonly height: number }> {
  const element = await locator.elementHandle();
  await element?.waitForElementState("stable");
  const box = await element?.boundingBox();
  if (!box) throw new Error("The element is not on the page.");
  return box;
}
