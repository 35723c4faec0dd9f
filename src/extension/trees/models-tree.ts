import * as vscode from "vscode";
import { describeError } from "../../protocol/link.ts";
import { group, plural } from "../../protocol/format.ts";
import type { LayerDetails, ModelDescription } from "../../protocol/model.ts";
import { Disposable } from "../disposable.ts";
import { virtualFileReason } from "../trust.ts";
import type { FoundModels } from "./model-list.ts";
import { modulesOf, type LayerEntry, type ModuleGroup } from "./modules.ts";
import {
  treeItem,
  type LayerNode,
  type ModelNode,
  type ModuleNode,
  type MoreNode,
  type NoteNode,
  type TensorNode,
  type TreeNode,
} from "./nodes.ts";

/** Where the tree's content comes from. */
export interface ModelsTreeSource {
  models(): Promise<FoundModels>;
  /** Models that are open in an editor, in the workspace or not. */
  openModels(): readonly vscode.Uri[];
  describe(model: string): Promise<ModelDescription>;
  layer(model: string, index: number): Promise<LayerDetails>;
  /** Whether nodes that only compute shapes or constants are listed. */
  showsPlumbing(): boolean;
}

/** Rows that are listed at once under one row; more come when they are asked for. */
const PAGE = 200;

/** What is known of a model that was expanded. */
interface Inside {
  readonly children: readonly TreeNode[];
  readonly layers: ReadonlyMap<number, LayerNode>;
}

/**
 * Models, their modules, layers and tensors. The list is of names alone; a file is read when its row is expanded, and a
 * layer's tensors when the layer is.
 */
export class ModelsTree extends Disposable implements vscode.TreeDataProvider<TreeNode> {
  private readonly changed = this.register(new vscode.EventEmitter<TreeNode | undefined>());
  readonly onDidChangeTreeData = this.changed.event;
  /** By URI: a row is the same object for as long as its file is listed, which is how VS Code finds it again. */
  private models = new Map<string, ModelNode>();
  private readonly insides = new Map<string, Promise<Inside>>();
  private readonly tensors = new Map<string, Promise<readonly TreeNode[]>>();
  /** How many children of a row are listed, where that is not one page. */
  private readonly limits = new Map<string, number>();

  constructor(private readonly source: ModelsTreeSource) {
    super();
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    return treeItem(node);
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent;
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (!node) return this.roots();
    switch (node.kind) {
      case "model":
        return this.paged(node, (await this.inside(node)).children);
      case "module":
        return this.paged(node, node.children);
      case "layer":
        return this.paged(node, await this.tensorsOf(node));
      default:
        return [];
    }
  }

  /** The row of a model, or of one of its layers, which is listed from now on; undefined where there is none. */
  async find(uri: vscode.Uri, index?: number): Promise<TreeNode | undefined> {
    await this.roots();
    const model = this.models.get(uri.toString());
    if (!model) return undefined;
    const { children, layers } = index === undefined ? { children: [], layers: undefined } : await this.inside(model);
    const found = index === undefined ? model : (layers?.get(index) ?? model);
    for (let node: TreeNode | undefined = found; node; node = node.parent) {
      const { parent }: TreeNode = node;
      const among: readonly TreeNode[] =
        parent?.kind === "module" ? parent.children : parent ? children : [...this.models.values()];
      this.listUpTo(parent, among.indexOf(node));
    }
    return found;
  }

  /** Lists another page under the row of that id. */
  showMore(id: string, parent?: TreeNode): void {
    this.limits.set(id, (this.limits.get(id) ?? PAGE) + PAGE);
    this.changed.fire(parent);
  }

  /** Files came or went; what was read of the others stays. */
  refreshList(): void {
    this.changed.fire(undefined);
  }

  /** A file is another now: it is read again when it is next looked into. */
  forget(uri?: vscode.Uri): void {
    const id = uri?.toString();
    if (id === undefined) {
      this.insides.clear();
      this.tensors.clear();
      return this.changed.fire(undefined);
    }
    if (!this.insides.delete(id)) return;
    for (const key of [...this.tensors.keys()]) if (key.startsWith(`${id} `)) this.tensors.delete(key);
    this.changed.fire(this.models.get(id));
  }

  private async roots(): Promise<TreeNode[]> {
    const { models, cut } = await this.source.models();
    const uris = new Map([...models, ...this.source.openModels()].map((uri) => [uri.toString(), uri]));
    this.models = new Map(
      [...uris].map(([id, uri]) => [id, this.models.get(id) ?? { kind: "model", id, uri }] as const),
    );
    for (const id of [...this.insides.keys()]) if (!this.models.has(id)) this.insides.delete(id);
    const nodes = this.paged(undefined, [...this.models.values()]);
    if (cut)
      nodes.push(
        note({ id: "cut", uri: vscode.Uri.parse("neural-loupe:models") }, "info", {
          message: `Only the first ${group(models.length)} models are listed`,
          hint: "Open others with Open Model…, or open a smaller folder.",
        }),
      );
    return nodes;
  }

  private inside(model: ModelNode): Promise<Inside> {
    const known = this.insides.get(model.id);
    if (known) return known;
    const reading = this.read(model);
    this.insides.set(model.id, reading);
    return reading;
  }

  private async read(model: ModelNode): Promise<Inside> {
    if (model.uri.scheme !== "file")
      return only(note(model, "info", { message: virtualFileReason(model.uri) }, "virtual"));
    try {
      const description = await this.source.describe(model.uri.fsPath);
      const layers = new Map<number, LayerNode>();
      const errors = description.problems.filter(({ severity }) => severity === "error");
      const problems: TreeNode[] = errors.length
        ? [
            note(
              model,
              "error",
              { message: errors[0].message, where: errors[0].where, hint: rest(errors.length) },
              "problems",
            ),
          ]
        : [];
      const listed = this.source.showsPlumbing()
        ? description.layers
        : description.layers.filter(({ plumbing }) => !plumbing);
      const children = modulesOf(listed).map((entry) => nodeOf(entry, model, layers));
      const hidden = description.layers.length - listed.length;
      if (hidden > 0) children.push(note(model, "info", hiddenText(hidden), "plumbing"));
      if (description.layers.length === 0 && errors.length === 0)
        problems.push(note(model, "info", { message: "The graph has no nodes." }, "empty"));
      return { children: [...problems, ...children], layers };
    } catch (error) {
      // Read again the next time it is expanded after a refresh: the reason may lie outside the file.
      return only(note(model, "error", describeError(error), "error"));
    }
  }

  private tensorsOf(node: LayerNode): Promise<readonly TreeNode[]> {
    const known = this.tensors.get(node.id);
    if (known) return known;
    const reading = this.readTensors(node);
    this.tensors.set(node.id, reading);
    return reading;
  }

  private async readTensors(node: LayerNode): Promise<readonly TreeNode[]> {
    try {
      const { inputs, outputs } = await this.source.layer(node.uri.fsPath, node.index);
      const weights = inputs.filter(({ from }) => from.kind === "constant");
      const nodes = [
        ...weights.map((value) => ({ role: "weight" as const, value })),
        ...outputs.map((value) => ({ role: "output" as const, value })),
      ].map(({ role, value }, place): TensorNode => ({
        kind: "tensor",
        id: `${node.id} tensor ${place}`,
        parent: node,
        uri: node.uri,
        role,
        index: node.index,
        value,
      }));
      return nodes;
    } catch (error) {
      return [note(node, "error", describeError(error), "error")];
    }
  }

  private paged(parent: TreeNode | undefined, all: readonly TreeNode[]): TreeNode[] {
    const id = parent?.id ?? ROOT;
    const limit = this.limits.get(id) ?? PAGE;
    if (all.length <= limit) return [...all];
    const more: MoreNode = {
      kind: "more",
      id: `${id} more`,
      of: id,
      uri: parent?.uri ?? all[0].uri,
      ...(parent ? { parent } : {}),
      rest: all.length - limit,
    };
    return [...all.slice(0, limit), more];
  }

  private listUpTo(parent: TreeNode | undefined, place: number): void {
    const id = parent?.id ?? ROOT;
    const limit = this.limits.get(id) ?? PAGE;
    if (place < limit) return;
    this.limits.set(id, Math.ceil((place + 1) / PAGE) * PAGE);
    this.changed.fire(parent);
  }
}

const ROOT = "models";

function nodeOf(
  entry: ModuleGroup | LayerEntry,
  parent: ModelNode | ModuleNode,
  layers: Map<number, LayerNode>,
): TreeNode {
  const { uri } = parent;
  const root = uri.toString();
  if (entry.kind === "layer") {
    const { index, name, outputs } = entry.layer;
    const node: LayerNode = {
      kind: "layer",
      id: `${root} layer ${index}`,
      parent,
      uri,
      label: entry.label,
      index,
      layer: outputs[0] ?? name,
      description: entry.layer,
    };
    layers.set(index, node);
    return node;
  }
  const children: TreeNode[] = [];
  const node: ModuleNode = { kind: "module", id: `${root} module ${entry.path}`, parent, uri, module: entry, children };
  for (const child of entry.children) children.push(nodeOf(child, node, layers));
  return node;
}

function note(
  of: { readonly id: string; readonly uri: vscode.Uri; readonly kind?: TreeNode["kind"] },
  severity: NoteNode["severity"],
  { message, where, hint }: { readonly message: string; readonly where?: string; readonly hint?: string },
  name = "",
): NoteNode {
  const detail = [where, hint].filter(Boolean).join(". ");
  return {
    kind: "note",
    id: `${of.id} note ${name}`,
    uri: of.uri,
    ...(of.kind ? { parent: of as TreeNode } : {}),
    severity,
    text: message,
    ...(detail ? { detail } : {}),
  };
}

function hiddenText(hidden: number): { readonly message: string; readonly hint: string } {
  return {
    message: `${plural(hidden, "node")} of the plumbing ${hidden === 1 ? "is" : "are"} hidden`,
    hint: "Nodes that only compute shapes or constants, or hand on what they are given. Show Plumbing, above the tree, lists them",
  };
}

function only(child: TreeNode): Inside {
  return { children: [child], layers: new Map() };
}

function rest(count: number): string | undefined {
  return count > 1 ? `${plural(count - 1, "more problem")}: see the editor's Problems` : undefined;
}
