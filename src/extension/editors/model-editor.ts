import * as vscode from "vscode";
import { copyText } from "../copied.ts";
import { describeError } from "../../protocol/link.ts";
import type { EditorBoot, EditorHost, EditorTechnique } from "../../protocol/editor.ts";
import { whyNot } from "../../protocol/obstacles.ts";
import { commandId, modelViewType } from "../commands/ids.ts";
import { Disposable } from "../disposable.ts";
import { nameOf } from "../files.ts";
import type { Services } from "../services.ts";
import { blockedReason } from "../trust.ts";
import { WebviewSession } from "../webview-session.ts";
import { showPlainPage, standsInComparison } from "./comparison.ts";
import { ModelDocument } from "./model-document.ts";
import type { ModelViews, OpenView } from "./model-views.ts";

/** The editor of model files: read-only, any number of views of a file, structure only (no weights are read). */
export class ModelEditor extends Disposable implements vscode.CustomReadonlyEditorProvider<ModelDocument> {
  /** How many drawn editors each document has: a comparison's side is one more than there are tabs. */
  private readonly drawn = new Map<string, number>();

  constructor(
    private readonly services: Services,
    private readonly views: ModelViews,
  ) {
    super();
    this.register(
      vscode.window.registerCustomEditorProvider(modelViewType, this, {
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

    new ModelView(this.services, this.views, panel, document, opened);
    this.drawn.set(id, (this.drawn.get(id) ?? 0) + 1);
    panel.onDidDispose(() => this.drawn.set(id, (this.drawn.get(id) ?? 1) - 1));
  }
}

/** One view of a model file. */
class ModelView extends WebviewSession<EditorHost> implements OpenView {
  /** The layer that was chosen elsewhere, until the page has asked for it. */
  private wanted: number | undefined;
  /** The layer that is selected in the page. */
  selected: number | undefined;
  /** When it was opened (performance.now()), until it could be drawn. */
  private opened: number | undefined;

  constructor(
    services: Services,
    private readonly views: ModelViews,
    panel: vscode.WebviewPanel,
    private readonly document: ModelDocument,
    opened: number,
  ) {
    super(services, panel);
    this.register(views.add(this));
    this.register(
      panel.onDidChangeViewState(() => {
        if (panel.active) views.onActive(this);
      }),
    );
    this.opened = opened;
    // Asked for now, so that the engine reads while the page loads.
    document.description().catch(() => undefined /* boot() tells */);
    this.register(services.plumbing.onDidChange(() => void this.notifyWebview("selection")));
    this.register(document.onChange((reason) => void this.notifyWebview(reason)));
    const { engine } = services;
    const model = document.uri.fsPath;
    this.open("model", nameOf(document.uri), {
      layer: ({ index }, { signal }) => engine.call("layer", { model, index }, { signal }),
      tensor: ({ name }, { signal }) => engine.call("tensor", { model, name }, { signal }),
      visualize: ({ technique, layer }) =>
        void vscode.commands.executeCommand(commandId(technique), document.uri, { layer }),
      explainWith: () => void vscode.commands.executeCommand("neuralLoupe.explainWith", document.uri),
      reload: () => {
        document.forget();
        return this.boot();
      },
      reopenAsText: async () => {
        panel.reveal();
        await vscode.commands.executeCommand("workbench.action.reopenTextEditor");
      },
      copy: ({ text, what }) => copyText(String(text), String(what).slice(0, 100)),
      selected: ({ index }) => {
        if (index !== undefined && (!Number.isInteger(index) || index < 0)) return;
        this.selected = index;
        views.onSelected(this);
      },
      plumbing: ({ shown }) => services.plumbing.show(shown === true),
      selection: () => {
        const { wanted } = this;
        this.wanted = undefined;
        return { ...(wanted === undefined ? {} : { index: wanted }), plumbing: services.plumbing.shown };
      },
    });
  }

  get uri(): vscode.Uri {
    return this.document.uri;
  }

  /** Shows a layer that was chosen elsewhere; the keyboard stays where it is. */
  async select(index: number): Promise<void> {
    this.wanted = index;
    this.panel.reveal(undefined, true);
    await this.notifyWebview("selection");
  }

  protected async boot(): Promise<EditorBoot> {
    const boot = await this.describe();
    if (this.opened !== undefined) {
      const milliseconds = Math.round(performance.now() - this.opened);
      this.services.log.info(`${nameOf(this.document.uri)}: ready to draw ${milliseconds} ms after opening`);
      this.opened = undefined;
      this.views.onDrawn();
    }
    return boot;
  }

  private async describe(): Promise<EditorBoot> {
    const { uri } = this.document;
    try {
      const model = await this.document.description();
      const blocked = blockedReason(uri);
      const techniques = this.services.techniques.map((info): EditorTechnique => {
        const { id, title, summary } = info;
        const reason = whyNot(info, model);
        return { id, title, summary, ...(reason === undefined ? {} : { reason }) };
      });
      return {
        kind: "model",
        model,
        techniques,
        quick: this.services.methods.current.places,
        ...(blocked ? { blocked } : {}),
      };
    } catch (error) {
      const { message, where, hint } = describeError(error);
      return { kind: "error", name: nameOf(uri), message, ...(where ? { where } : {}), ...(hint ? { hint } : {}) };
    }
  }
}
