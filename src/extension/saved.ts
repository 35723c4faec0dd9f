import * as vscode from "vscode";
import { isModelName } from "../protocol/formats.ts";
import { modelViewType } from "./commands/ids.ts";
import { nameOf } from "./files.ts";

/** Another button of the confirmation. */
interface MoreAction {
  readonly label: string;
  readonly run: () => unknown;
}

/**
 * The one confirmation of everything that was written: "Saved NAME." with Open and Reveal. `also`: files that were
 * written with it, by their names; `details`: more sentences. Resolves when the person has answered or dismissed it.
 */
export async function confirmSaved(
  uri: vscode.Uri,
  { also = [], details = [], more }: { also?: readonly string[]; details?: readonly string[]; more?: MoreAction } = {},
): Promise<void> {
  const [open, reveal] = ["Open", "Reveal"];
  const answer = await vscode.window.showInformationMessage(
    [`Saved ${[nameOf(uri), ...also].join(", ")}.`, ...details].join(" "),
    open,
    reveal,
    ...(more ? [more.label] : []),
  );
  if (answer === open) await openSaved(uri);
  else if (answer === reveal) await vscode.commands.executeCommand("revealFileInOS", uri);
  else if (answer !== undefined) await more?.run();
}

/** In the first column: not over the panel that it was saved from. */
async function openSaved(uri: vscode.Uri): Promise<void> {
  if (isModelName(uri.path))
    await vscode.commands.executeCommand("vscode.openWith", uri, modelViewType, vscode.ViewColumn.One);
  else await vscode.commands.executeCommand("vscode.open", uri, vscode.ViewColumn.One);
}
