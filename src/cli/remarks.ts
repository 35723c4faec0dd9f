import { printError } from "./terminal.ts";

const said = new Set<string>();

/** A sentence on standard error, once however often it is true. */
export function remark(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  printError(`${text}\n`);
}
