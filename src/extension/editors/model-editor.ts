import * as vscode from "vscode";
import { Link, describeError } from "../../protocol/link.ts";
import type { Handlers } from "../../protocol/link.ts";
import type { EditorBoot, EditorHost, EditorView } from "../../protocol/editor.ts";
import { commandId } from "../commands/ids.ts";
import { nameOf } from "../files.ts";
import { webviewPage } from "../html.ts";
import type { Services } from "../services.ts";
import { blockedReason } from "../trust.ts";
import { webviewWire } from "../webview-wire.ts";
import { showPlainPage, standsInComparison } from "./comparison.ts";
import { ModelDocument, viewType } from "./model-document.ts";

/** The editor of .onnx files: read-only, any number of views of a file, structure only (no weights are read). */
export class ModelEditor implements vscode.CustomReadonlyEditorProvider<ModelDocument> {
  /** How many drawn editors each document has: a comparison's side is one more than there are tabs. */
  private readonly drawn = new Map<string, number>();

  constructor(private readonly services: Services) {
    services.context.subscriptions.push(
      vscode.window.registerCustomEditorProvider(viewType, this, {
        supportsMultipleEditorsPerDocument: true,
        webviewOptions: { retainContextWhenHidden: false },
      }),
    );
  }

  openCustomDocument(uri: vscode.Uri): ModelDocument {
    return new ModelDocument(uri, this.services.engine);
  }

  async resolveCustomEditor(document: ModelDocument, panel: vscode.WebviewPanel): Promise<void> {
    const opened = performance.now();
    const id = document.uri.toString();
    if (document.uri.scheme !== "file") return showPlainPage(panel.webview, document.uri);
    if (await standsInComparison(document.uri, this.drawn.get(id) ?? 0))
      return showPlainPage(panel.webview, document.uri);

    const { context, engine, log } = this.services;
    // Asked for now, so that the engine reads while the page loads.
    void this.boot(document);
    const { webview } = panel;
    const bundle = vscode.Uri.joinPath(context.extensionUri, "dist", "webview");
    webview.options = { enableScripts: true, localResourceRoots: [bundle] };
    let painted = false;
    const link = new Link<EditorHost, EditorView>(
      webviewWire(webview),
      this.handlers(document, panel, () => {
        if (!painted)
          log.info(`${nameOf(document.uri)}: ready to draw ${Math.round(performance.now() - opened)} ms after opening`);
        painted = true;
      }),
    );
    const load = (): void => {
      webview.html = webviewPage({
        cspSource: webview.cspSource,
        title: nameOf(document.uri),
        script: String(webview.asWebviewUri(vscode.Uri.joinPath(bundle, "model.js"))),
        style: String(webview.asWebviewUri(vscode.Uri.joinPath(bundle, "model.css"))),
      });
    };
    load();
    this.drawn.set(id, (this.drawn.get(id) ?? 0) + 1);
    const held = engine.hold();
    // What was refused is allowed now: the page asks anew.
    const trusted = vscode.workspace.onDidGrantWorkspaceTrust(load);
    const watching = document.onChange((change) => {
      // A hidden page asks anew when it is shown; a failed call means just that.
      if (panel.visible) link.call("fileChanged", { change }).catch(() => undefined);
    });
    panel.onDidDispose(() => {
      this.drawn.set(id, (this.drawn.get(id) ?? 1) - 1);
      link.close("The editor was closed.");
      for (const disposable of [held, trusted, watching]) disposable.dispose();
    });
  }

  private handlers(document: ModelDocument, panel: vscode.WebviewPanel, onReady: () => void): Handlers<EditorHost> {
    const { engine } = this.services;
    const model = document.uri.fsPath;
    return {
      ready: async () => {
        const boot = await this.boot(document);
        onReady();
        return boot;
      },
      layer: ({ index }, { signal }) => engine.call("layer", { model, index }, { signal }),
      tensor: ({ name }, { signal }) => engine.call("tensor", { model, name }, { signal }),
      visualize: ({ technique, layer }) =>
        void vscode.commands.executeCommand(commandId(technique), document.uri, { layer }),
      reload: () => {
        document.forget();
        return this.boot(document);
      },
      reopenAsText: async () => {
        panel.reveal();
        await vscode.commands.executeCommand("workbench.action.reopenTextEditor");
      },
      copy: async ({ text }) => vscode.env.clipboard.writeText(text),
    };
  }

  private async boot(document: ModelDocument): Promise<EditorBoot> {
    try {
      const model = await document.description();
      const blocked = blockedReason(document.uri);
      return {
        kind: "model",
        model,
        ...(blocked ? { blocked } : {}),
        techniques: this.services.techniques.map(({ id, title, command, summary }) => ({
          id,
          title,
          command,
          summary,
        })),
      };
    } catch (error) {
      const { message, where, hint } = describeError(error);
      return {
        kind: "error",
        name: nameOf(document.uri),
        message,
        ...(where ? { where } : {}),
        ...(hint ? { hint } : {}),
      };
    }
  }
}
