// What is asked of the pages themselves, so that no polling from outside lies between an event and its time.
import type { Frame, Locator, Page } from "playwright-core";

/** What a webview's frame has seen; times in milliseconds since 1970. */
interface Watch {
  /** When the facts of a model were first there. */
  facts?: number;
  /** When the heat map's canvas had something drawn on it for the first time, and when that changed last. */
  drawn?: number;
  changed?: number;
}

declare global {
  interface Window {
    benchWatch?: Watch;
    benchEnter?: number;
  }
}

/** From now on every new webview of the page notes when it shows what; and the page, when Enter was last pressed. */
export async function watchPage(page: Page): Promise<void> {
  await page.addInitScript(watchFrame);
  await page.evaluate(() => {
    const note = (event: KeyboardEvent): void => {
      if (event.key === "Enter") window.benchEnter = performance.timeOrigin + event.timeStamp;
    };
    addEventListener("keydown", note, true);
  });
}

/** Goes to the page as text, and runs there in each new frame. */
function watchFrame(): void {
  if (window.parent === window) return;
  const watch: Watch = (window.benchWatch = {});
  // The picture in small: enough to see that it is another one, and cheap to look at again and again.
  const side = 16;
  const small = document.createElement("canvas");
  small.width = small.height = side;
  const context = small.getContext("2d", { willReadFrequently: true });
  let picture = "";
  const look = (): void => {
    const now = performance.timeOrigin + performance.now();
    if (watch.facts === undefined && document.querySelector("[data-testid=facts]")) watch.facts = now;
    const view = document.querySelector("[data-testid=heatmap]");
    const canvas = view instanceof HTMLCanvasElement ? view : view?.querySelector("canvas");
    if (context && canvas?.width && canvas.height) {
      context.clearRect(0, 0, side, side);
      context.drawImage(canvas, 0, 0, side, side);
      const bytes = context.getImageData(0, 0, side, side).data;
      const seen = bytes.some((byte) => byte > 0) ? bytes.join() : "";
      if (seen && seen !== picture) {
        picture = seen;
        watch.drawn ??= now;
        watch.changed = now;
      }
    }
  };
  // Not by animation frames: those end when VS Code writes the webview's document in the place of the frame's first.
  setInterval(look, 8);
}

/** When Enter was last pressed in the page. */
export function enterPressed(page: Page): Promise<number> {
  return page.evaluate(() => window.benchEnter ?? NaN);
}

/** When a webview first painted anything. */
export function firstPaint(frame: Frame): Promise<number> {
  return frame.evaluate(
    () => performance.timeOrigin + (performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN),
  );
}

/** When a webview had first shown a model's facts, or a heat map. */
export function firstShown(frame: Frame, what: "facts" | "drawn"): Promise<number> {
  return frame.evaluate((what) => window.benchWatch?.[what] ?? NaN, what);
}

/** Clicks, and gives the milliseconds until the heat map is another picture. */
export async function clickToPicture(frame: Frame, button: Locator): Promise<number> {
  const took = frame.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const watch = window.benchWatch!;
        const before = watch.changed;
        let clicked = NaN;
        const note = (event: MouseEvent): void => {
          clicked = performance.timeOrigin + event.timeStamp;
        };
        addEventListener("click", note, { capture: true, once: true });
        const look = (): void => {
          if (watch.changed !== before) resolve(watch.changed! - clicked);
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
  const [milliseconds] = await Promise.all([took, button.click()]);
  return milliseconds;
}

/** Bytes of JavaScript that each frame holds, arrays' memory included, by its address. Chromium collects first. */
export function memoryOfFrames(page: Page): Promise<Record<string, number>> {
  return page.evaluate(async () => {
    interface Part {
      readonly bytes: number;
      readonly attribution: readonly { readonly url: string }[];
    }
    const { breakdown } = await (
      performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ breakdown: readonly Part[] }> }
    ).measureUserAgentSpecificMemory();
    const frames: Record<string, number> = {};
    for (const { bytes, attribution } of breakdown)
      for (const { url } of attribution) frames[url] = (frames[url] ?? 0) + bytes;
    return frames;
  });
}

/** Asks how many milliseconds of processor time the page's main thread has taken so far, its webviews included. */
export async function processorTimeOfPage(page: Page): Promise<() => Promise<number>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? NaN) * 1000;
  };
}
