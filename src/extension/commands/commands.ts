import * as vscode from "vscode";
import { takesInput } from "../../protocol/technique.ts";
import { isRecord } from "../../protocol/json.ts";
import { nameOf } from "../files.ts";
import { sourcesOf } from "../input-sample.ts";
import { askWhere, write } from "../panels/save.ts";
import type { Comparisons } from "../panels/comparisons.ts";
import type { Panels } from "../panels/panels.ts";
import { confirmSaved } from "../saved.ts";
import type { Services } from "../services.ts";
import { refuseWhenBlocked } from "../trust.ts";
import { back } from "./pick.ts";
import { pickInput } from "./pick-input.ts";
import { activeModel, pickModel } from "./pick-model.ts";
import { compare } from "./compare.ts";
import { checkExplanation, explainWith } from "./explain-with.ts";
import { exportExplanation } from "./export-explanation.ts";
import { commandId, modelViewType } from "./ids.ts";
import { sampleCommands } from "./samples.ts";
import { formOf, readModel, showError, visualize } from "./visualize.ts";
import { openWalkthrough } from "../walkthrough.ts";

/** Registers all commands; package.json's list is made from the same techniques by scripts/manifest.mjs. */
export function registerCommands(services: Services, panels: Panels, comparisons: Comparisons): vscode.Disposable {
  const { context, engine, log, techniques } = services;
  const commands: Record<string, (...args: never[]) => unknown> = {
    ...Object.fromEntries(
      techniques.map((info) => [
        commandId(info.id),
        (model?: unknown, options?: unknown) =>
          info.group === "checks"
            ? checkExplanation(services, panels, { given: asUri(model), check: info })
            : visualize(services, panels, info, asUri(model), asLayer(options) ?? asLayer(model)),
      ]),
    ),
    ...sampleCommands(services, panels),
    "neuralLoupe.compare": (model?: unknown, options?: unknown) =>
      compare(services, panels, comparisons, {
        model: asUri(model),
        state: isRecord(options) ? options.state : undefined,
      }),
    "neuralLoupe.explainWith": (model?: unknown) => explainWith(services, panels, asUri(model)),
    "neuralLoupe.checkExplanation": () => checkExplanation(services, panels),
    "neuralLoupe.fillInInputs": (model?: unknown) => fillInInputs(services, panels, asUri(model)),
    "neuralLoupe.exportExplanation": () => exportActive(services, panels),
    "neuralLoupe.openModel": async (given?: unknown) => {
      const model = asUri(given) ?? (await pickModel("Open a Model"));
      if (model) await vscode.commands.executeCommand("vscode.openWith", model, modelViewType);
    },
    "neuralLoupe.chooseCurrentInput": (model?: unknown) =>
      chooseCurrentInput(services, typeof model === "string" ? vscode.Uri.parse(model) : activeModel()),
    "neuralLoupe.openWalkthrough": () => openWalkthrough(context),
    "neuralLoupe.reopenAsText": () => vscode.commands.executeCommand("workbench.action.reopenTextEditor"),
    "neuralLoupe.reopenAsHex": reopenAsHex,
    "neuralLoupe.saveCopy": (uri?: unknown) => saveCopy(asUri(uri) ?? activeModel()),
    "neuralLoupe.cancelRun": () => engine.cancelRunning(),
    "neuralLoupe.restartEngine": () => engine.restart(),
    "neuralLoupe.showLog": () => log.show(),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([id, run]) => vscode.commands.registerCommand(id, run)),
  );
}

/** Menus pass a Uri, those of the trees a row; command links pass one that went through JSON. */
function asUri(value: unknown): vscode.Uri | undefined {
  if (value instanceof vscode.Uri) return value;
  if (isRecord(value) && value.uri instanceof vscode.Uri) return value.uri;
  if (typeof value === "object" && value !== null && "scheme" in value && "path" in value)
    return vscode.Uri.from(value as vscode.Uri);
  return undefined;
}

function asLayer(options: unknown): { layer?: string } {
  const layer = typeof options === "object" && options !== null ? (options as { layer?: unknown }).layer : undefined;
  return typeof layer === "string" ? { layer } : {};
}

/** Another input for all views of a model: those that are not pinned follow. */
async function chooseCurrentInput(services: Services, model: vscode.Uri | undefined): Promise<void> {
  if (!model) return;
  try {
    const facts = await services.facts.of(model.fsPath);
    const before = services.selections.of(model.toString())?.input;
    const input = await pickInput(services, model, facts, {
      title: `Current input of ${nameOf(model)}`,
      ...(before === undefined ? {} : { current: vscode.Uri.parse(before) }),
    });
    if (input && input !== back && !("fill" in input)) services.selections.setInput(model.toString(), input.toString());
  } catch (error) {
    await showError(model, error);
  }
}

/** Opens the form of a model's inputs, in its panel; with what the panel's input gives, or empty. */
async function fillInInputs(services: Services, panels: Panels, given: vscode.Uri | undefined): Promise<void> {
  const model = given ?? activeModel() ?? panels.active?.model ?? (await pickModel("Fill In Inputs"));
  if (!model || (await refuseWhenBlocked(model))) return;
  const open = panels.of(model);
  try {
    const facts = await readModel(services, model);
    if (!facts) return;
    const current = open?.current.input ?? services.selections.of(model.toString())?.input;
    const sources = current === undefined ? {} : await sourcesOf(vscode.Uri.parse(current)).catch(() => ({}));
    const form = formOf(sources, model, facts);
    const shown = services.techniques.find(({ id }) => id === open?.current.technique);
    if (open) return await open.show({ form, ...(shown && takesInput(shown) ? {} : { technique: "predictions" }) });
    const state = { model: model.toString(), technique: "predictions", target: {}, ...services.startingOptions() };
    await panels.show({ ...services.selections.startingFrom(state), form });
  } catch (error) {
    await showError(model, error);
  }
}

/** Exports what the panel in front shows. */
async function exportActive(services: Services, panels: Panels): Promise<void> {
  const model = activeModel();
  const panel = panels.active ?? (model && panels.of(model));
  if (!panel)
    return void vscode.window.showInformationMessage(
      "Open a panel first: choose a method for a model, such as Visualize Saliency.",
    );
  try {
    await exportExplanation(services, panel.current);
  } catch (error) {
    await showError(panel.model, error);
  }
}

const hexEditor = "ms-vscode.hexeditor";

async function reopenAsHex(): Promise<void> {
  const model = activeModel();
  if (!model) return void vscode.window.showInformationMessage("Open a model first.");
  if (vscode.extensions.getExtension(hexEditor))
    return void vscode.commands.executeCommand("vscode.openWith", model, "hexEditor.hexedit");
  const find = "Find Extension";
  const answer = await vscode.window.showInformationMessage(
    "Showing a file's bytes needs Microsoft's Hex Editor extension, which is not installed.",
    find,
  );
  if (answer === find) await vscode.commands.executeCommand("workbench.extensions.search", `@id:${hexEditor}`);
}

/** Brings a file from a virtual file system to disk, where it can be read in place. */
async function saveCopy(uri: vscode.Uri | undefined): Promise<void> {
  if (!uri) return;
  const folder = vscode.workspace.workspaceFolders?.find((one) => one.uri.scheme === "file")?.uri;
  const copy = await askWhere(folder ? vscode.Uri.joinPath(folder, nameOf(uri)) : vscode.Uri.file(nameOf(uri)));
  if (!copy) return;
  try {
    await write(copy, await vscode.workspace.fs.readFile(uri));
    await vscode.commands.executeCommand("vscode.openWith", copy, modelViewType);
    void confirmSaved(copy);
  } catch (error) {
    await vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
  }
}
