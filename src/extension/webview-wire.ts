import type * as vscode from "vscode";
import type { Wire } from "../protocol/link.ts";
import { packNumbers } from "../protocol/numbers.ts";
import { partsOf } from "../protocol/pieces.ts";
import { withOwnBuffers } from "./own-buffers.ts";

/**
 * The extension's end of the messages to a webview. What is posted to a webview that has gone is dropped, as VS Code
 * does.
 */
export function webviewWire(webview: vscode.Webview): Wire {
  return {
    post: (message) => void postInParts(webview, message),
    listen: (receive) => {
      const listening = webview.onDidReceiveMessage(receive);
      return () => listening.dispose();
    },
  };
}

/** Long arrays go in pieces, one after another as they arrive, so that VS Code is not held up by a large result. */
async function postInParts(webview: vscode.Webview, message: unknown): Promise<void> {
  try {
    for (const part of partsOf(message)) await webview.postMessage(packNumbers(withOwnBuffers(part)));
  } catch {
    // The webview has gone, and with it who waited.
  }
}
