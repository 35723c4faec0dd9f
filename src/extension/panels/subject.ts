import * as vscode from "vscode";
import type { Handlers } from "../../protocol/link.ts";
import type { PanelBoot, PanelState } from "../../protocol/panel.ts";
import type { SubjectHost } from "../../protocol/session.ts";
import { usualOutput } from "../../protocol/target.ts";
import { back } from "../commands/pick.ts";
import { browseFiles, pickInput } from "../commands/pick-input.ts";
import { pickTarget } from "../commands/pick-target.ts";
import { inputName, inputPath, nameOf } from "../files.ts";
import { TYPED } from "../input-sample.ts";
import type { Services } from "../services.ts";
import { confirmCopied } from "../copied.ts";
import { relativeSources } from "./input-form.ts";
import { confirmSaved } from "../saved.ts";
import { saveBytes } from "./save.ts";

/** What every page is told of its model. */
export async function subjectBoot(
  { facts }: Services,
  { model }: Pick<PanelState, "model">,
): Promise<Pick<PanelBoot, "recipe" | "inputs" | "outputs" | "defaultOutput">> {
  // Where the model is gone, what was known of it.
  const { model: file, recipe } = await facts.lastOf(vscode.Uri.parse(model).fsPath);
  return {
    recipe,
    inputs: file.inputs,
    outputs: file.outputs.map(({ name }) => name),
    defaultOutput: usualOutput(file),
  };
}

/**
 * What every page about a model and an input lets the person pick and save. `validate` takes the state that came from
 * the page; `current` is the one that the page is about now.
 */
export function subjectHandlers<State>(
  services: Services,
  validate: (state: State) => PanelState,
  current: () => Pick<PanelState, "model" | "input">,
  page: { readonly hasForm: boolean } = { hasForm: false },
): Pick<Handlers<SubjectHost<State, unknown>>, "pickInput" | "pickTarget" | "pickFiles" | "save" | "copied"> {
  const factsOf = (model: vscode.Uri) => services.facts.of(model.fsPath);
  return {
    pickInput: async ({ state }) => {
      const subject = validate(state);
      const model = vscode.Uri.parse(subject.model);
      const input = await pickInput(services, model, await factsOf(model), {
        title: `Input of ${nameOf(model)}`,
        canFill: page.hasForm,
        ...(subject.input === undefined ? {} : { current: vscode.Uri.parse(subject.input) }),
      });
      if (!input || input === back) return undefined;
      if ("fill" in input) return { fill: relativeSources(input.fill, model) };
      return { input: input.toString(), name: inputName(input) };
    },
    pickTarget: async ({ state }) => {
      const subject = validate(state);
      const model = vscode.Uri.parse(subject.model);
      const title = `Target of ${nameOf(model)}`;
      const target = await pickTarget(services, subject, await factsOf(model), { title });
      return !target || target === back ? undefined : target;
    },
    pickFiles: async ({ state, many, title }) => {
      const model = vscode.Uri.parse(validate(state).model);
      const { recipe } = await factsOf(model);
      const files = await browseFiles(title, recipe.recipe, model, many);
      return files && { inputs: files.map(String), paths: files.map((file) => inputPath(file)) };
    },
    copied: ({ what }) => confirmCopied(String(what).slice(0, 100)),
    save: async ({ suggestedName, bytes, note }) => {
      const { model, input = model } = current();
      const near = vscode.Uri.parse(input);
      const saved = await saveBytes(suggestedName, bytes, near.scheme === TYPED ? vscode.Uri.parse(model) : near);
      if (saved) void confirmSaved(saved, typeof note === "string" ? { details: [note.slice(0, 300)] } : {});
      return { saved: saved !== undefined };
    },
  };
}
