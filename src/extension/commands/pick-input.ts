import path from "node:path";
import * as vscode from "vscode";
import {
  ARRAY_EXTENSIONS,
  LIST_EXTENSIONS,
  PICTURE_EXTENSIONS,
  TABLE_EXTENSIONS,
  TEXT_EXTENSIONS,
} from "../../protocol/file-types.ts";
import type { RecipeReport } from "../../protocol/recipe.ts";
import { inputName, nameOf, placeOf } from "../files.ts";
import { back, pick, separator } from "./pick.ts";

const [pictures, arrays, tables, texts]: readonly (readonly string[])[] = [
  PICTURE_EXTENSIONS,
  ARRAY_EXTENSIONS,
  TABLE_EXTENSIONS,
  TEXT_EXTENSIONS,
];
const hidden = "**/{node_modules,.git,.venv,__pycache__,dist,build}/**";
const recentKey = "recentInputs";

interface InputItem extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
}

/**
 * Lets the person choose an input for the model: those used last first, then those whose kind the recipe takes, then
 * others, then any file on disk. Gives a file URI (a table's row as its fragment), `back`, or undefined when they left
 * it.
 */
export async function pickInput(
  context: vscode.ExtensionContext,
  model: vscode.Uri,
  recipe: RecipeReport | undefined,
  step: { title: string; step?: number; total?: number; current?: vscode.Uri },
): Promise<vscode.Uri | typeof back | undefined> {
  const endings = wantedEndings(recipe);
  const items = inputItems(await candidates(model), recentInputs(context), endings);
  items.push({
    label: "Browse…",
    description: "a file on disk",
    alwaysShow: true,
    iconPath: new vscode.ThemeIcon("folder-opened"),
  });
  const active =
    items.find(({ uri }) => uri && uri.toString() === step.current?.toString()) ?? items.find(({ uri }) => uri);
  const chosen = await pick({ ...step, placeholder: "Which input should the model run on?", items, active });
  if (!chosen || chosen === back) return chosen as typeof back | undefined;
  const uri = chosen.uri ?? (await browse(step.title, endings, model));
  const complete = uri && (await withRow(uri, step.title));
  if (complete) await rememberInput(context, complete);
  return complete;
}

/** Puts an input first among those used last. */
export async function rememberInput(context: vscode.ExtensionContext, uri: vscode.Uri): Promise<void> {
  const others = recentInputs(context).filter((other) => other.toString() !== uri.toString());
  await context.workspaceState.update(recentKey, [uri, ...others].slice(0, 10).map(String));
}

function recentInputs(context: vscode.ExtensionContext): vscode.Uri[] {
  const kept = context.workspaceState.get<unknown>(recentKey);
  return (Array.isArray(kept) ? kept : []).filter((one) => typeof one === "string").map((one) => vscode.Uri.parse(one));
}

function wantedEndings(recipe: RecipeReport | undefined): readonly string[] {
  const kinds = new Set(Object.values(recipe?.recipe.inputs ?? {}).map(({ kind }) => kind));
  if (kinds.has("image")) return [...pictures, ...arrays];
  if (kinds.has("row")) return [...tables, ...arrays];
  if (kinds.has("text")) return [...texts, ...arrays];
  if (kinds.has("array")) return arrays;
  return [...pictures, ...arrays, ...tables];
}

/** Samples in the workspace's folders and in the model's own folder, which may lie outside. */
async function candidates(model: vscode.Uri): Promise<vscode.Uri[]> {
  const endings = [...pictures, ...arrays, ...tables, ...texts];
  const found = await vscode.workspace.findFiles(`**/*.{${endings.join(",")}}`, hidden, 1000);
  const folder = vscode.Uri.joinPath(model, "..");
  const beside = await vscode.workspace.fs.readDirectory(folder).then(
    (entries) =>
      entries
        .filter(([name, type]) => (type & vscode.FileType.File) !== 0 && endings.includes(ending(name)))
        .map(([name]) => vscode.Uri.joinPath(folder, name)),
    () => [],
  );
  return [...new Map([...beside, ...found].map((uri) => [uri.toString(), uri])).values()];
}

function inputItems(
  found: readonly vscode.Uri[],
  recent: readonly vscode.Uri[],
  wanted: readonly string[],
): InputItem[] {
  const used = new Set(recent.map(String));
  const fresh = found.filter((uri) => !used.has(uri.toString())).sort((a, b) => a.path.localeCompare(b.path));
  const groups: [string, readonly vscode.Uri[]][] = [
    ["recently used", recent.filter((uri) => wanted.includes(ending(uri.path)))],
    ["samples", fresh.filter((uri) => wanted.includes(ending(uri.path)))],
    ["other files", [...recent, ...fresh].filter((uri) => !wanted.includes(ending(uri.path)))],
  ];
  return groups.flatMap(([label, uris]) =>
    uris.length ? [separator<InputItem>(label, {}), ...uris.map(inputItem)] : [],
  );
}

function inputItem(uri: vscode.Uri): InputItem {
  const icon = pictures.includes(ending(uri.path))
    ? "file-media"
    : tables.includes(ending(uri.path))
      ? "table"
      : texts.includes(ending(uri.path))
        ? "symbol-text"
        : "symbol-array";
  return { label: inputName(uri), description: placeOf(uri), iconPath: new vscode.ThemeIcon(icon), uri };
}

async function browse(title: string, wanted: readonly string[], model: vscode.Uri): Promise<vscode.Uri | undefined> {
  const filters = {
    "Inputs of this model": [...wanted],
    Pictures: [...pictures],
    Arrays: [...arrays],
    Tables: [...tables],
    Text: [...texts],
    "Lists and objects": [...LIST_EXTENSIONS],
  };
  return (
    await vscode.window.showOpenDialog({
      title,
      filters,
      openLabel: "Use This Input",
      defaultUri: vscode.Uri.joinPath(model, ".."),
    })
  )?.[0];
}

/** Files like the model's input, by an open dialog; of tables the rows 0. Undefined when the person left it. */
export async function browseFiles(
  title: string,
  recipe: RecipeReport | undefined,
  model: vscode.Uri,
  many: boolean,
): Promise<vscode.Uri[] | undefined> {
  const filters = { "Inputs of this model": [...wantedEndings(recipe)], "All files": ["*"] };
  const chosen = await vscode.window.showOpenDialog({
    title,
    filters,
    canSelectMany: many,
    openLabel: many ? "Add" : "Use",
    defaultUri: vscode.Uri.joinPath(model, ".."),
  });
  return chosen?.map((uri) => (tables.includes(ending(uri.path)) ? uri.with({ fragment: "0" }) : uri));
}

/** A table is many inputs: asks for the row. */
async function withRow(uri: vscode.Uri, title: string): Promise<vscode.Uri | undefined> {
  if (!tables.includes(ending(uri.path)) || uri.fragment) return uri;
  const row = await vscode.window.showInputBox({
    title,
    value: "0",
    prompt: `Which row of ${nameOf(uri)}? 0 is the first row after the header.`,
    validateInput: (text) => (/^\d+$/.test(text.trim()) ? undefined : "Enter a row number: 0, 1, 2 …"),
  });
  return row === undefined ? undefined : uri.with({ fragment: row.trim() });
}

function ending(name: string): string {
  return path.posix.extname(name).slice(1).toLowerCase();
}
