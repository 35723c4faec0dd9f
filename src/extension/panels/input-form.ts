import path from "node:path";
import * as vscode from "vscode";
import { RemoteError } from "../../protocol/link.ts";
import type { Handlers } from "../../protocol/link.ts";
import type { PanelHost, PanelState } from "../../protocol/panel.ts";
import { readSource, sampleName, type InputSource, type InputSources } from "../../protocol/sample.ts";
import { browseFiles, rememberInput } from "../commands/pick-input.ts";
import { inputName, inputPath, stem } from "../files.ts";
import { sourcesOf, typedInput } from "../input-sample.ts";
import { confirmSaved } from "../saved.ts";
import type { Services } from "../services.ts";
import { askWhere, write } from "./save.ts";

/** Characters of a typed input that a state keeps: longer ones are saved as samples. */
const LONGEST_TYPED = 9000;

/** What the form of inputs may ask: to look at what was typed, to use it, to save it as a sample. */
export function inputFormHandlers(
  services: Services,
  validate: (state: PanelState) => PanelState,
): Pick<Handlers<PanelHost>, "inputSources" | "checkInputs" | "browseInput" | "useInputs" | "saveSample"> {
  const modelOf = (state: PanelState): vscode.Uri => vscode.Uri.parse(validate(state).model);
  return {
    inputSources: async ({ state }) => {
      const { input } = validate(state);
      if (input === undefined) return { sources: {} };
      return { sources: relativeSources(await sourcesOf(vscode.Uri.parse(input)), modelOf(state)) };
    },
    checkInputs: async ({ state, sources }, { signal }) => {
      const model = modelOf(state);
      const recipe = validate(state).recipe ?? (await services.facts.of(model.fsPath)).recipe.recipe;
      const inputs = absoluteSources(sources, model);
      return services.engine.call("checkSample", { model: model.fsPath, recipe, inputs }, { signal });
    },
    browseInput: async ({ state, name }) => {
      const model = modelOf(state);
      const { recipe, file } = await recipeOf(services, state, model);
      const one = { inputs: name in recipe.inputs ? { [name]: recipe.inputs[name] } : {} };
      const [found] = (await browseFiles(`File for the input ${name} of ${file}`, one, model, false)) ?? [];
      return found && { file: relativeTo(model, inputPath(found)) };
    },
    useInputs: ({ state, sources }) => {
      const input = typedInput(absoluteSources(sources, modelOf(state)));
      if (input.toString().length > LONGEST_TYPED)
        throw new RemoteError(
          "UsageError",
          "What was typed is too long to be kept with the panel.",
          undefined,
          "Save it as a sample.",
        );
      return { input: input.toString(), name: inputName(input) };
    },
    saveSample: async ({ state, sources }) => {
      const model = modelOf(state);
      const absolute = absoluteSources(sources, model);
      const file = await askWhere(vscode.Uri.joinPath(model, "..", sampleName(stem(model))), {
        "Neural Loupe samples": ["sample.json"],
      });
      if (!file) return undefined;
      const saved = file.with({ path: /\.json$/i.test(file.path) ? withEnding(file.path) : sampleName(file.path) });
      refuseOutside(absolute, saved);
      await write(saved, new TextEncoder().encode(sampleText(absolute, path.dirname(saved.fsPath))));
      await rememberInput(services.context, model.toString(), saved);
      void confirmSaved(saved);
      return { input: saved.toString(), name: inputName(saved) };
    },
  };
}

async function recipeOf(services: Services, { recipe }: PanelState, model: vscode.Uri) {
  const facts = await services.facts.of(model.fsPath);
  return { recipe: recipe ?? facts.recipe.recipe, file: facts.model.name };
}

/** "a.json" is saved as "a.sample.json". */
function withEnding(file: string): string {
  return /\.sample\.json$/i.test(file) ? file : sampleName(file.replace(/\.json$/i, ""));
}

/** A sample names files in its folder or the workspace only, or it could not be read again. */
function refuseOutside(sources: InputSources, sample: vscode.Uri): void {
  const folder = path.dirname(sample.fsPath);
  for (const [name, source] of Object.entries(sources)) {
    if (typeof source !== "string" || vscode.workspace.getWorkspaceFolder(vscode.Uri.file(source))) continue;
    if (!relativePath(folder, source).startsWith("../") && !path.isAbsolute(relativePath(folder, source))) continue;
    throw new RemoteError(
      "UsageError",
      `"${name}" is given ${path.basename(source)}, which is outside the sample's folder and the workspace.`,
      undefined,
      "Save the sample beside that file, or copy the file into the workspace.",
    );
  }
}

/** A sample's text: files relative to its folder, entry by entry on a line. */
function sampleText(sources: InputSources, folder: string): string {
  const entries = Object.entries(sources).map(([name, source]) => {
    const entry = typeof source === "string" ? { file: relativePath(folder, source) } : source;
    const plain = typeof entry === "object" && "values" in entry && typeof entry.values !== "string";
    return `  ${JSON.stringify(name)}: ${JSON.stringify(plain ? entry.values : entry)}`;
  });
  return `{\n${entries.join(",\n")}\n}\n`;
}

/** Sources from a webview, checked, their files as absolute paths. UsageError for what is none. */
function absoluteSources(sources: unknown, model: vscode.Uri): InputSources {
  const folder = path.dirname(model.fsPath);
  if (typeof sources !== "object" || sources === null)
    throw new RemoteError("UsageError", "The form's inputs cannot be read.");
  return Object.fromEntries(
    Object.entries(sources).map(([name, data]): [string, InputSource] => {
      const source = readSource(data);
      if (source === undefined) throw new RemoteError("UsageError", `What was typed for "${name}" cannot be read.`);
      return [name, typeof source === "string" ? path.resolve(folder, source) : source];
    }),
  );
}

/** Sources with their files relative to the model's folder. */
export function relativeSources(sources: InputSources, model: vscode.Uri): InputSources {
  return Object.fromEntries(
    Object.entries(sources).map(([name, source]) => [
      name,
      typeof source === "string" ? relativeTo(model, source) : source,
    ]),
  );
}

function relativeTo(model: vscode.Uri, file: string): string {
  return relativePath(path.dirname(model.fsPath), file);
}

/** With slashes on every system, as a sample keeps it; absolute where the file is on another drive. */
function relativePath(folder: string, file: string): string {
  const relative = path.relative(folder, file);
  return path.isAbsolute(relative) ? relative : relative.split(path.sep).join("/");
}
