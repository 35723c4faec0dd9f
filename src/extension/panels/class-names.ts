import path from "node:path";
import * as vscode from "vscode";
import type { Handlers } from "../../protocol/link.ts";
import { RemoteError } from "../../protocol/link.ts";
import type { ModelDescription } from "../../protocol/model.ts";
import type { PanelHost } from "../../protocol/panel.ts";
import { nameOf } from "../files.ts";
import type { Services } from "../services.ts";

/** What the form of class names asks for. */
export function classNameHandlers(
  { engine, context }: Pick<Services, "engine" | "context">,
  model: vscode.Uri,
): Pick<Handlers<PanelHost>, "classNames" | "browseClasses" | "imagenetNames"> {
  return {
    classNames: ({ file }) => {
      if (typeof file !== "string") throw new RemoteError("UsageError", "A file of class names is a path.");
      return engine.call("classNames", { model: model.fsPath, file });
    },
    browseClasses: async () => {
      const chosen = await vscode.window.showOpenDialog({
        title: `Class names of ${nameOf(model)}`,
        openLabel: "Use These Names",
        defaultUri: vscode.Uri.joinPath(model, ".."),
        filters: { "Class names": ["txt", "json", "csv", "tsv", "names"], "All files": ["*"] },
      });
      return chosen?.[0] && { file: besideModel(model, chosen[0]) };
    },
    imagenetNames: async () => ({ names: await readImagenetNames(context.extensionUri) }),
  };
}

/** How many scores outputs have that are a list of them, by name. */
export function scoresOf({ outputs }: Pick<ModelDescription, "outputs">): Record<string, number> {
  return Object.fromEntries(
    outputs.flatMap(({ name, dims }) => {
      const last = dims && dims.length <= 2 ? dims.at(-1) : undefined;
      return typeof last === "number" && last > 0 ? [[name, last] as const] : [];
    }),
  );
}

/** A file as a recipe names it. RemoteError for one that a recipe may not name. */
export function besideModel(model: vscode.Uri, file: vscode.Uri): string {
  const name = path.posix.relative(path.posix.dirname(model.path), file.path);
  if (file.scheme === model.scheme && file.authority === model.authority && !/^(\.\.(\/|$)|\/)/.test(name)) return name;
  throw new RemoteError(
    "DataError",
    `${nameOf(file)} is outside the model's folder.`,
    file.fsPath,
    `Copy it beside ${nameOf(model)} or into a folder below: a recipe names only files there.`,
  );
}

/** The names that come with the program (samples/README.md has their source). */
async function readImagenetNames(extension: vscode.Uri): Promise<string[]> {
  const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extension, "samples", "imagenet-classes.json"));
  return JSON.parse(new TextDecoder().decode(bytes)) as string[];
}
