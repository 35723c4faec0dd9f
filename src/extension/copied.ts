import * as vscode from "vscode";

/** Puts a text on the clipboard and says so: `what` with its article, as confirmCopied has it. */
export async function copyText(text: string, what: string, detail?: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  confirmCopied(what, detail);
}

/** The one confirmation of everything that was copied: "Copied the image." VS Code reads it to screen readers. */
export function confirmCopied(what: string, detail?: string): void {
  void vscode.window.showInformationMessage([`Copied ${what}.`, ...(detail ? [detail] : [])].join(" "));
}
