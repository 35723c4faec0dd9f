import * as vscode from "vscode";
import type { Progress } from "../protocol/engine.ts";

/**
 * The one way in which a command that is no view of its own waits: a notification with what is done now, how far that
 * is, and Cancel.
 */
export function withProgress<T>(
  title: string,
  work: (options: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void }) => Promise<T>,
): Thenable<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (shown, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      let done = 0;
      const onProgress = ({ text, fraction }: Progress): void => {
        // VS Code adds up what it is told.
        const increment = fraction === undefined ? undefined : Math.max(0, 100 * fraction - done);
        done += increment ?? 0;
        shown.report({ message: text, ...(increment === undefined ? {} : { increment }) });
      };
      return work({ signal: abort.signal, onProgress });
    },
  );
}
