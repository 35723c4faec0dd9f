import path from "node:path";
import * as vscode from "vscode";
import type { Provenance } from "../../protocol/result.ts";
import type { ExportReport, ExportTarget, ExportWeights } from "../../protocol/export.ts";
import { RemoteError } from "../../protocol/link.ts";
import type { PanelState } from "../../protocol/panel.ts";
import { EXPORTABLE } from "../../export/exportable.ts";
import { pythonFor } from "../../export/python/index.ts";
import { nameOf, stem } from "../files.ts";
import { copyText } from "../copied.ts";
import { askWhere } from "../panels/save.ts";
import { withProgress } from "../progress.ts";
import { confirmSaved } from "../saved.ts";
import type { Services } from "../services.ts";
import { refuseWhenBlocked } from "../trust.ts";
import { back, pick } from "./pick.ts";
import { ONNX } from "../../protocol/formats.ts";

interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

const WEIGHTS: readonly Choice<ExportWeights>[] = [
  { value: "included", label: "Weights included", detail: "A single, self-contained file." },
  {
    value: "data",
    label: "Weights in a separate file",
    detail: "A small model with a .data file beside it, for weights over 2 GiB.",
  },
  {
    value: "external",
    label: "Weights in the original file",
    detail: "A small model that must stay in the original's folder and breaks if the original changes.",
  },
];

const TARGETS: readonly Choice<ExportTarget>[] = [
  { value: "optional", label: "Any target, this one by default", detail: 'An optional input "target".' },
  {
    value: "required",
    label: "Any target",
    detail: 'A required input "target", for Triton and for runtimes without optional inputs (Node.js).',
  },
  { value: "fixed", label: "This target only", detail: "No additional input." },
];

/**
 * "Export Explanation…": asks how, and where; the engine writes the file and checks it. Gives its path;
 * undefined where the person left. Failures reject.
 */
export async function exportExplanation(services: Services, state: PanelState): Promise<string | undefined> {
  const model = vscode.Uri.parse(state.model);
  const info = services.techniques.find(({ id }) => id === state.technique);
  if (!info || (await refuseWhenBlocked(model))) return undefined;
  if (!EXPORTABLE.includes(info.id)) {
    const titles = services.techniques.filter(({ id }) => EXPORTABLE.includes(id)).map(({ title }) => title);
    throw new RemoteError(
      "UsageError",
      `${info.title} can't be exported as a single ONNX graph.`,
      undefined,
      `These can: ${titles.join(", ")}.`,
    );
  }
  const title = `Export ${info.title} of ${nameOf(model)}`;
  const choices = await ask(title);
  if (!choices) return undefined;
  const uri = await askWhere(vscode.Uri.joinPath(model, "..", `${stem(model)}-${info.id}.${ONNX.extensions[0]}`), {
    [ONNX.title]: [...ONNX.extensions],
  });
  if (!uri) return undefined;
  if (uri.scheme !== "file")
    throw new RemoteError(
      "SaveError",
      "The explanation can only be saved to disk.",
      uri.toString(),
      "Choose a folder on disk.",
    );
  const report = await withProgress(title, (options) =>
    services.runner.exportModel(state, { out: uri.fsPath, ...choices }, options),
  );
  void confirmExport(uri, report);
  return uri.fsPath;
}

async function ask(title: string): Promise<{ weights: ExportWeights; target: ExportTarget } | undefined> {
  for (;;) {
    const weights = await pick({
      title,
      placeholder: "Where should the weights be stored?",
      step: 1,
      total: 2,
      items: WEIGHTS,
    });
    if (!weights || weights === back) return undefined;
    const target = await pick({
      title,
      placeholder: "Which target should it explain?",
      step: 2,
      total: 2,
      items: TARGETS,
    });
    if (!target) return undefined;
    if (target !== back) return { weights: weights.value, target: target.value };
  }
}

function confirmExport(uri: vscode.Uri, { batch, notes, triton, files }: ExportReport): Promise<void> {
  const batches =
    batch === "any"
      ? "takes batches of any size"
      : `takes ${batch.size === 1 ? "one sample" : `${batch.size} samples`} at a time`;
  return confirmSaved(uri, {
    also: files.map((file) => path.basename(file)).filter((name) => name !== nameOf(uri)),
    details: [`It was verified, and ${batches}.`, ...notes],
    more: {
      label: "Triton Configuration",
      run: async () => vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: triton })),
    },
  });
}

/** "Copy as Python": puts the code on the clipboard. Throws where there is none for the technique. */
export async function copyAsPython(provenance: Provenance): Promise<void> {
  const made = pythonFor(provenance);
  if ("reason" in made) throw new RemoteError("UsageError", made.reason);
  await copyText(made.code, "the Python code", "Let its load_model() return your PyTorch model.");
}
