import * as vscode from "vscode";
import { copyText } from "../copied.ts";
import { modelViewType } from "../commands/ids.ts";
import { Disposable } from "../disposable.ts";
import type { ModelViews } from "../editors/model-views.ts";
import type { Services } from "../services.ts";
import { ModelList } from "./model-list.ts";
import { ModelsTree } from "./models-tree.ts";
import { nodeText, revealLayerCommand, showMoreCommand, type TreeNode } from "./nodes.ts";

/** The view's name in package.json. */
const modelsView = "neuralLoupe.models";

/** "Models" in the activity bar's container: the tree, in step with the model editors. */
export class ModelsView extends Disposable {
  private readonly list: ModelList;
  private readonly tree: ModelsTree;
  private readonly view: vscode.TreeView<TreeNode>;

  constructor(
    private readonly services: Services,
    private readonly editors: ModelViews,
  ) {
    super();
    const { engine, plumbing } = services;
    this.list = this.register(new ModelList());
    this.tree = this.register(
      new ModelsTree({
        models: () => this.list.models(),
        openModels: () => editors.models,
        describe: (model) => engine.call("describe", { model }),
        layer: (model, index) => engine.call("layer", { model, index }),
        showsPlumbing: () => plumbing.shown,
      }),
    );
    this.view = this.register(
      vscode.window.createTreeView(modelsView, { treeDataProvider: this.tree, showCollapseAll: true }),
    );
    this.register(plumbing.onDidChange(() => this.tree.forget()));
    this.register(this.list.onDidChange(() => this.tree.refreshList()));
    this.register(this.list.onDidChangeFile((uri) => this.tree.forget(uri)));
    this.register(editors.onDidChangeOpen(() => this.tree.refreshList()));
    this.register(editors.onDidSelect(({ uri, selected }) => void this.follow(uri, selected)));
    this.register(this.view.onDidChangeVisibility(({ visible }) => visible && this.followFront()));
    this.registerCommands();
  }

  /** Whether the person sees it. */
  get visible(): boolean {
    return this.view.visible;
  }

  readonly onDidShow = (listener: () => void): vscode.Disposable =>
    this.view.onDidChangeVisibility(({ visible }) => {
      if (visible) listener();
    });

  private registerCommands(): void {
    const commands: Record<string, (...args: never[]) => unknown> = {
      "neuralLoupe.refreshModels": () => {
        this.tree.forget();
        this.list.lookAgain();
      },
      "neuralLoupe.showPlumbing": () => this.services.plumbing.show(true),
      "neuralLoupe.hidePlumbing": () => this.services.plumbing.show(false),
      [showMoreCommand]: (id: string, parent?: TreeNode) => this.tree.showMore(id, parent),
      [revealLayerCommand]: (uri: vscode.Uri, index: number) => this.editors.select(uri, index),
      "neuralLoupe.openModelToSide": (node?: TreeNode) =>
        node &&
        vscode.commands.executeCommand("vscode.openWith", node.uri, modelViewType, {
          viewColumn: vscode.ViewColumn.Beside,
        }),
      "neuralLoupe.revealModelInExplorer": (node?: TreeNode) =>
        node && vscode.commands.executeCommand("revealInExplorer", node.uri),
      "neuralLoupe.copyName": async (node?: TreeNode) => {
        const one = node ?? this.view.selection.at(0);
        if (one) await copyText(nodeText(one), "the name");
      },
    };
    for (const [id, run] of Object.entries(commands)) this.register(vscode.commands.registerCommand(id, run));
  }

  private followFront(): void {
    const front = this.editors.front;
    if (front) void this.follow(front.uri, front.selected);
  }

  /** Shows what is selected in an editor, without taking the keyboard; not while nobody sees the tree. */
  private async follow(uri: vscode.Uri, index: number | undefined): Promise<void> {
    if (!this.view.visible) return;
    const node = await this.tree.find(uri, index);
    if (!node || !this.view.visible || this.view.selection.at(0)?.id === node.id) return;
    // A tensor of the layer is as good as the layer.
    if (this.view.selection.at(0)?.parent?.id === node.id && node.kind === "layer") return;
    // The row may be gone again by now: then there is nothing to show.
    await this.view.reveal(node, { select: true, focus: false, expand: false }).then(undefined, () => undefined);
  }
}
