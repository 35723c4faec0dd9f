import type * as vscode from "vscode";

/**
 * Items that take a while: the list is shown as busy until it resolves, and cancels it when it goes. A failure is an
 * item's matter: it must not reject but for being cancelled.
 */
export type Later<More> = (
  signal: AbortSignal,
  say: (placeholder: string) => void,
) => Promise<More & { readonly placeholder?: string }>;

/** Fetches what comes later into a list that is shown, and takes the list away once there is an answer. */
export function answerOf<A, More>(
  list: vscode.QuickPick<vscode.QuickPickItem>,
  answer: Promise<A>,
  { placeholder, later }: { readonly placeholder: string; readonly later?: Later<More> },
  add: (more: More) => void,
): Promise<A> {
  const abort = new AbortController();
  if (later) {
    list.busy = true;
    const say = (text: string): void => {
      list.placeholder = text;
    };
    void later(abort.signal, say)
      .then(
        (more) => {
          say(more.placeholder ?? placeholder);
          add(more);
        },
        () => undefined /* cancelled: the list is gone or going */,
      )
      .finally(() => {
        list.busy = false;
      });
  }
  return answer.finally(() => {
    abort.abort();
    list.dispose();
  });
}
