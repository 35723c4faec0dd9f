import * as vscode from "vscode";

/** Why a model cannot be run here, as sentences for a person; undefined when it can. */
export function blockedReason(model: vscode.Uri): string | undefined {
  if (model.scheme !== "file") return virtualFileReason(model);
  if (!vscode.workspace.isTrusted) {
    return (
      "This workspace is not trusted, so its models are shown but not run. " +
      'Trust it with "Workspaces: Manage Workspace Trust" to run them.'
    );
  }
  return undefined;
}

export function virtualFileReason(uri: vscode.Uri): string {
  return `This file is on a virtual file system (${uri.scheme}). Neural Loupe reads weights in place and needs a file on disk. Save a copy and open it.`;
}

/** Tells why, offering what helps; false when the model may be run. */
export async function refuseWhenBlocked(model: vscode.Uri): Promise<boolean> {
  const reason = blockedReason(model);
  if (!reason) return false;
  const manage = "Manage Workspace Trust";
  const answer = await vscode.window.showWarningMessage(reason, ...(model.scheme === "file" ? [manage] : []));
  if (answer === manage) await vscode.commands.executeCommand("workbench.trust.manage");
  return true;
}
