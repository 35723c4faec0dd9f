// Types of what tests use of browser.mjs.
import type { Browser } from "playwright-core";
export function launchBrowser(options?: {
  readonly headed?: boolean;
  readonly args?: readonly string[];
}): Promise<Browser>;
