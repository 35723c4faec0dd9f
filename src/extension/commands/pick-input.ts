import path from "node:path";
import * as vscode from "vscode";
import {
  ARRAY_EXTENSIONS,
  LIST_EXTENSIONS,
  PICTURE_EXTENSIONS,
  TABLE_EXTENSIONS,
  TEXT_EXTENSIONS,
} from "../../protocol/file-types.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import { isSampleName, type InputSources } from "../../protocol/sample.ts";
import { needsForm } from "../../protocol/sample-form.ts";
import { isRecord } from "../../protocol/json.ts";
import { inputName, inputPath, nameOf, placeOf } from "../files.ts";
import { sourcesOf } from "../input-sample.ts";
import type { Facts } from "../model-facts.ts";
import type { Services } from "../services.ts";
import { back, pick, separator } from "./pick.ts";
import { rankInputs, wantedEndings, type InputCandidate } from "./rank-inputs.ts";

const [pictures, arrays, tables, texts]: readonly (readonly string[])[] = [
  PICTURE_EXTENSIONS,
  ARRAY_EXTENSIONS,
  TABLE_EXTENSIONS,
  TEXT_EXTENSIONS,
];
const hidden = "**/{node_modules,.git,.venv,__pycache__,dist,build}/**";
const recentKey = "recentInputs";
const recentByModelKey = "recentInputsByModel";
/** Files whose first bytes are read: those that stand first in the list. */
const MOST_READ = 100;

interface InputItem extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
  readonly fill?: true;
  /** A file for one of several inputs: the form takes it. */
  readonly forOne?: true;
}

/** The person wants to fill in the form of inputs, which begins with this. */
export interface Fill {
  readonly fill: InputSources;
}

/**
 * Lets the person choose an input for the model, in the order of `rankInputs`, then any file on disk. What the files'
 * first bytes say follows when the list is there. Gives a file URI (a table's row as its fragment), what the form of
 * inputs is to begin with (where `canFill`), `back`, or undefined when they left it.
 */
export async function pickInput(
  services: Services,
  model: vscode.Uri,
  { recipe: report, model: { inputs } }: Facts,
  step: { title: string; step?: number; total?: number; current?: vscode.Uri; canFill?: boolean },
): Promise<vscode.Uri | typeof back | Fill | undefined> {
  const { context, engine } = services;
  const { recipe } = report;
  const found = await candidates(context, model);
  const uris = new Map(found.map(({ uri, candidate }) => [candidate, uri]));
  const recent = { here: recentOf(context, model.toString()).map(String), anywhere: recentInputs(context).map(String) };
  const several = needsForm(inputs, recipe);
  const fill: InputItem = {
    label: several ? "Fill in the inputs…" : "Type the input…",
    description: several ? `a row for each of ${inputs.length}` : "numbers, text or a file",
    alwaysShow: true,
    iconPath: new vscode.ThemeIcon("edit"),
    fill: true,
  };
  const browseItem: InputItem = {
    label: "Browse…",
    description: "a file on disk",
    alwaysShow: true,
    iconPath: new vscode.ThemeIcon("folder-opened"),
  };
  const itemsFor = (reasons: ReadonlyMap<string, string>): InputItem[] => {
    const groups = rankInputs([...uris.keys()], recent, recipe, reasons).map(({ label, inputs: ranked }) => [
      separator<InputItem>(label, {}),
      ...ranked.map(({ candidate, reason }) =>
        inputItem(uris.get(candidate)!, reason, several && reason !== undefined),
      ),
    ]);
    const listed = groups.flat();
    if (!step.canFill) return [...listed, browseItem];
    return several ? [fill, ...listed, browseItem] : [...listed, fill, browseItem];
  };
  const activeOf = (items: readonly InputItem[]): InputItem | undefined =>
    items.find(({ uri }) => uri && uri.toString() === step.current?.toString()) ??
    items.find((item) => (item.uri !== undefined && item.detail === undefined) || item.fill);
  const items = itemsFor(new Map());
  const chosen = await pick({
    ...step,
    placeholder: "Which input should the model run on?",
    items,
    active: activeOf(items),
    later: async (signal) => {
      const first = items.flatMap(({ uri }) => uri ?? []).slice(0, MOST_READ);
      const files = first.filter(({ scheme }) => scheme === "file");
      const request = { model: model.fsPath, recipe, files: files.map((file) => inputPath(file)) };
      // Without the engine the list stays as it is.
      const problems = await engine.call("fitProblems", request, { signal }).catch(() => []);
      const reasons = files.flatMap((file, at): [string, string][] => {
        const problem = problems[at];
        return problem === undefined ? [] : [[file.toString(), problem]];
      });
      const later = itemsFor(new Map(reasons));
      return { items: later, active: activeOf(later) };
    },
  });
  if (!chosen || chosen === back) return chosen as typeof back | undefined;
  if (chosen.fill) return { fill: await sourcesNow(step.current) };
  const uri = chosen.uri ?? (await browse(step.title, wantedEndings(recipe), model));
  const complete = uri && (await withRow(uri, step.title));
  if (complete && chosen.forOne && step.canFill) return { fill: { "": inputPath(complete) } };
  if (complete) await rememberInput(context, model.toString(), complete);
  return complete;
}

/** What the input that is chosen now gives: the form begins with it. */
async function sourcesNow(current: vscode.Uri | undefined): Promise<InputSources> {
  return current ? sourcesOf(current).catch(() => ({})) : {};
}

/** Puts an input first among those used last, with this model and with any. */
export async function rememberInput(context: vscode.ExtensionContext, model: string, uri: vscode.Uri): Promise<void> {
  const withFirst = (others: readonly vscode.Uri[]): string[] =>
    [uri, ...others.filter((other) => other.toString() !== uri.toString())].slice(0, 10).map(String);
  const kept = context.workspaceState.get<unknown>(recentByModelKey);
  const models = isRecord(kept) ? Object.entries(kept).filter(([name]) => name !== model) : [];
  await context.workspaceState.update(recentKey, withFirst(recentInputs(context)));
  await context.workspaceState.update(
    recentByModelKey,
    Object.fromEntries([...models.slice(-49), [model, withFirst(recentOf(context, model))]]),
  );
}

function recentInputs(context: vscode.ExtensionContext): vscode.Uri[] {
  return asUris(context.workspaceState.get<unknown>(recentKey));
}

/** Used last with this model. */
function recentOf(context: vscode.ExtensionContext, model: string): vscode.Uri[] {
  const kept = context.workspaceState.get<unknown>(recentByModelKey);
  return isRecord(kept) && Object.hasOwn(kept, model) ? asUris(kept[model]) : [];
}

function asUris(kept: unknown): vscode.Uri[] {
  return (Array.isArray(kept) ? kept : []).filter((one) => typeof one === "string").map((one) => vscode.Uri.parse(one));
}

/** Files that were used last, files of the model's own folder, which may lie outside, and of the workspace's folders. */
async function candidates(
  context: vscode.ExtensionContext,
  model: vscode.Uri,
): Promise<{ readonly uri: vscode.Uri; readonly candidate: InputCandidate }[]> {
  const endings = [...pictures, ...arrays, ...tables, ...texts];
  const found = await vscode.workspace.findFiles(`**/*.{${[...endings, "sample.json"].join(",")}}`, hidden, 1000);
  const folder = vscode.Uri.joinPath(model, "..");
  const beside = await vscode.workspace.fs.readDirectory(folder).then(
    (entries) =>
      entries
        .filter(
          ([name, type]) =>
            (type & vscode.FileType.File) !== 0 && (endings.includes(ending(name)) || isSampleName(name)),
        )
        .map(([name]) => vscode.Uri.joinPath(folder, name)),
    () => [],
  );
  const used = [...recentOf(context, model.toString()), ...recentInputs(context)];
  const all = new Map([...used, ...beside, ...found].map((uri) => [uri.toString(), uri]));
  // A table of which a row was used is offered as that row.
  const rows = new Set(used.filter(({ fragment }) => fragment).map((uri) => uri.with({ fragment: "" }).toString()));
  return [...all.values()]
    .filter((uri) => !rows.has(uri.toString()))
    .map((uri) => ({
      uri,
      candidate: { key: uri.toString(), path: uri.path, beside: uri.path.startsWith(`${folder.path}/`) },
    }));
}

function inputItem(uri: vscode.Uri, reason: string | undefined, forOne: boolean): InputItem {
  const icon = isSampleName(uri.path)
    ? "list-tree"
    : pictures.includes(ending(uri.path))
      ? "file-media"
      : tables.includes(ending(uri.path))
        ? "table"
        : texts.includes(ending(uri.path))
          ? "symbol-text"
          : "symbol-array";
  return {
    label: inputName(uri),
    description: placeOf(uri),
    iconPath: new vscode.ThemeIcon(icon),
    uri,
    ...(reason === undefined ? {} : { detail: `$(warning) ${reason}` }),
    ...(forOne ? { forOne: true as const } : {}),
  };
}

async function browse(title: string, wanted: readonly string[], model: vscode.Uri): Promise<vscode.Uri | undefined> {
  const filters = {
    "Inputs of this model": [...wanted],
    Pictures: [...pictures],
    Arrays: [...arrays],
    Tables: [...tables],
    Text: [...texts],
    "Samples, lists and objects": [...LIST_EXTENSIONS],
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
  recipe: Pick<Recipe, "inputs">,
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
