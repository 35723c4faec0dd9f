import type { Wire } from "../../src/protocol/link.ts";
import { Assembly } from "../../src/protocol/pieces.ts";
import { unpackNumbers } from "../../src/protocol/numbers.ts";

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** May be acquired once per page, so once here. */
const vscode = acquireVsCodeApi();

/** Messages to and from the extension, for a Link. */
export const wire: Wire = {
  post: (message) => vscode.postMessage(message),
  listen(receive) {
    const assembly = new Assembly((message) => receive(unpackNumbers(message)));
    const onMessage = (event: MessageEvent<unknown>): void => assembly.take(event.data);
    window.addEventListener("message", onMessage);
    return () => window.removeEventListener("message", onMessage);
  },
};

/** What VS Code keeps for this view over a reload of the page or the window. */
export const memory = {
  read: (): unknown => vscode.getState(),
  write: (state: unknown): void => vscode.setState(state),
};

/** An error as a banner shows it. */
export interface Failure {
  readonly message: string;
  readonly where?: string;
  readonly hint?: string;
}

/** What of an error a person should read. */
export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, where, hint } = error as Error & { where?: string; hint?: string };
  return { message, ...(where ? { where } : {}), ...(hint ? { hint } : {}) };
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
