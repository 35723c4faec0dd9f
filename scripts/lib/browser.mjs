// The Chromium of all tests, started the same way by the flows and by the webviews' tests.
import { chromium } from "playwright-core";
import { findBrowser } from "./machine.mjs";

/** Starts the Chromium that prepareMachine({ browser: true }) has found or installed. `headed` shows its window, `args` are more of its arguments. */
export async function launchBrowser({ headed = false, args = [] } = {}) {
  const executablePath = findBrowser();
  if (!executablePath)
    throw new Error(
      "No Chromium was found. Install Chromium, Chrome or Edge, or set CHROMIUM_EXECUTABLE to the path of one.",
    );
  return chromium.launch({
    executablePath,
    headless: !headed,
    args: [
      ...[
        "--no-sandbox",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
      ],
      ...["--disable-sync", "--disable-gpu", "--disable-dev-shm-usage"],
      ...args,
    ],
  });
}
