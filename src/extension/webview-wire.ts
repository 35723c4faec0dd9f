import type * as vscode from "vscode";
import type { Wire } from "../protocol/link.ts";
import { packNumbers } from "../protocol/numbers.ts";
import { owned } from "./owned.ts";

/** The extension's end of the messages to a webview. What is posted to a webview that has gone is dropped, as VS Code does. */
export function webviewWire(webview: vscode.Webview): Wire {
  return {
    post: (message) => void webview.postMessage(packNumbers(owned(message))).then(undefined, () => undefined),
    listen: (receive) => {
      const listening = webview.onDidReceiveMessage(receive);
      return () => listening.dispose();
    },
  };
}
