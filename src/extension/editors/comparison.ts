import * as vscode from "vscode";
import { modelViewType } from "../commands/ids.ts";
import { nameOf } from "../files.ts";
import { messagePage } from "../html.ts";
import type { CommandLink } from "../html.ts";
import { virtualFileReason } from "../trust.ts";

/**
 * Whether an editor that is about to be drawn is a side of a comparison. VS Code does not say so: but an editor of its
 * own has a tab of its own, and a side of a comparison has none. `drawn`: editors of this file that have been drawn
 * already.
 */
export async function standsInComparison(uri: vscode.Uri, drawn: number): Promise<boolean> {
  if (ownTabs(uri) > drawn) return false;
  // The tab may be a moment later than the editor in it.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return (
    ownTabs(uri) <= drawn &&
    vscode.window.tabGroups.all.some(({ activeTab }) => activeTab !== undefined && activeTab.input === undefined)
  );
}

function ownTabs(uri: vscode.Uri): number {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(
      ({ input }) =>
        input instanceof vscode.TabInputCustom &&
        input.viewType === modelViewType &&
        input.uri.toString() === uri.toString(),
    ).length;
}

/** A page of words, in place of a drawn model: a side of a comparison, or a file that is not on disk. */
export function showPlainPage(webview: vscode.Webview, uri: vscode.Uri): void {
  const onDisk = uri.scheme === "file" || uri.scheme === "git";
  const argument = encodeURIComponent(JSON.stringify([onDisk ? vscode.Uri.file(uri.path) : uri]));
  const copy: CommandLink = {
    text: "Save a Copy …",
    command: `neuralLoupe.saveCopy?${encodeURIComponent(JSON.stringify([uri]))}`,
  };
  const open: CommandLink = { text: `Open ${nameOf(uri)}`, command: `vscode.open?${argument}` };
  webview.options = { enableScripts: false, enableCommandUris: ["vscode.open", "neuralLoupe.saveCopy"] };
  webview.html = onDisk
    ? messagePage(
        webview.cspSource,
        `${nameOf(uri)}: not shown in a diff editor`,
        [
          uri.scheme === "git" ? "This is an earlier version, from Git." : "This is the version on disk.",
          "Models are not shown in diff editors, so that these open quickly. Open the file itself to see its layers, or compare as text or bytes (Reopen Editor With …).",
        ],
        uri.scheme === "git" ? [copy, open] : [open],
      )
    : messagePage(webview.cspSource, nameOf(uri), [virtualFileReason(uri)], [copy]);
}
