import * as vscode from "vscode";
import type { PanelState } from "../../protocol/panel.ts";
import type { Panels } from "../panels/panels.ts";
import type { Services } from "../services.ts";
import { refuseWhenBlocked } from "../trust.ts";
import { modelViewType } from "./ids.ts";
import { showError } from "./visualize.ts";

/** Commands on the model and the picture that come with the extension: what the walkthrough's steps do. */
export function sampleCommands(services: Services, panels: Panels): Record<string, () => Promise<void>> {
  const file = (name: string): vscode.Uri => vscode.Uri.joinPath(services.context.extensionUri, "samples", name);
  const model = file("efficientnet-lite0.onnx");
  const stateOf = (technique: string): PanelState => ({
    model: model.toString(),
    input: file("cat.png").toString(),
    technique,
    target: {},
    ...services.startingOptions(),
  });
  const onSample = (work: () => Promise<unknown>) => async (): Promise<void> => {
    if (!(await exists(model)))
      return void vscode.window.showErrorMessage(
        "This build of Neural Loupe does not include the sample model. Open any model file.",
      );
    try {
      await work();
    } catch (error) {
      await showError(model, error);
    }
  };
  const explain = (technique: string) =>
    onSample(async () => {
      if (await refuseWhenBlocked(model)) return;
      const state = stateOf(technique);
      const open = panels.of(model);
      // An input that was chosen in a panel on the sample stays.
      await (open ? open.show({ technique, input: open.current.input ?? state.input }) : panels.show(state));
    });
  return {
    "neuralLoupe.openSample": onSample(async () =>
      vscode.commands.executeCommand("vscode.openWith", model, modelViewType),
    ),
    "neuralLoupe.sampleInput": explain("predictions"),
    "neuralLoupe.sampleExplanation": explain("saliency"),
    "neuralLoupe.sampleComparison": onSample(async () =>
      vscode.commands.executeCommand("neuralLoupe.compare", model, { state: stateOf("saliency") }),
    ),
  };
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}
