import * as vscode from "vscode";
import { formatShape, group, plural } from "../../protocol/format.ts";
import type { LayerDescription, ValueUse } from "../../protocol/model.ts";
import { modelViewType } from "../commands/ids.ts";
import { nameOf, placeOf } from "../files.ts";
import { MODULES_GUESS, type ModuleGroup } from "./modules.ts";

/** Commands that only the tree's own rows call. */
export const revealLayerCommand = "neuralLoupe.revealLayer";
export const showMoreCommand = "neuralLoupe.showMore";

interface Base {
  /** The same for the same thing over refreshes: VS Code keeps what is expanded by it. */
  readonly id: string;
  readonly parent?: TreeNode;
  /** The model that it is of. */
  readonly uri: vscode.Uri;
}

export interface ModelNode extends Base {
  readonly kind: "model";
}

export interface ModuleNode extends Base {
  readonly kind: "module";
  readonly module: ModuleGroup;
  readonly children: readonly TreeNode[];
}

export interface LayerNode extends Base {
  readonly kind: "layer";
  readonly label: string;
  readonly index: number;
  /** The value that methods call it by: its first output. */
  readonly layer: string;
  readonly description: LayerDescription;
}

export interface TensorNode extends Base {
  readonly kind: "tensor";
  readonly role: "weight" | "output";
  readonly index: number;
  readonly value: ValueUse;
}

/** A sentence in the place of children: why there are none, or what was left out. */
export interface NoteNode extends Base {
  readonly kind: "note";
  readonly severity: "error" | "warning" | "info";
  readonly text: string;
  readonly detail?: string;
}

/** Leads to the children that are not listed yet. */
export interface MoreNode extends Base {
  readonly kind: "more";
  /** The id of the row whose children they are. */
  readonly of: string;
  readonly rest: number;
}

export type TreeNode = ModelNode | ModuleNode | LayerNode | TensorNode | NoteNode | MoreNode;

/** A node's name as it is copied: a path, a module's path, a layer's or tensor's whole name, a sentence. */
export function nodeText(node: TreeNode): string {
  switch (node.kind) {
    case "model":
      return node.uri.fsPath;
    case "module":
      return node.module.path;
    case "layer":
      return node.description.name;
    case "tensor":
      return node.value.name;
    case "note":
      return [node.text, node.detail].filter(Boolean).join(" ");
    case "more":
      return "";
  }
}

/** A node as VS Code draws and reads it. */
export function treeItem(node: TreeNode): vscode.TreeItem {
  const { label, collapsible, icon, ...rest } = lookOf(node);
  const item = new vscode.TreeItem(
    label,
    collapsible ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
  );
  const { spoken, ...fields } = rest;
  return Object.assign(item, fields, {
    id: node.id,
    contextValue: node.kind,
    iconPath: icon,
    accessibilityInformation: { label: spoken },
    ...(node.kind === "model" ? { resourceUri: node.uri } : {}),
  });
}

interface Look {
  readonly label: string;
  readonly description?: string;
  readonly tooltip?: string;
  readonly spoken: string;
  readonly icon?: vscode.ThemeIcon;
  readonly collapsible: boolean;
  readonly command?: vscode.Command;
}

function lookOf(node: TreeNode): Look {
  switch (node.kind) {
    case "model":
      return modelLook(node);
    case "module":
      return moduleLook(node);
    case "layer":
      return layerLook(node);
    case "tensor":
      return tensorLook(node);
    case "note":
      return {
        label: node.text,
        tooltip: nodeText(node),
        spoken: nodeText(node),
        icon: new vscode.ThemeIcon(
          node.severity,
          node.severity === "info"
            ? undefined
            : new vscode.ThemeColor(node.severity === "error" ? "list.errorForeground" : "list.warningForeground"),
        ),
        collapsible: false,
        // The editor tells more of a file that cannot be read.
        ...(node.parent ? { command: openCommand(node.uri) } : {}),
      };
    case "more":
      return {
        label: "Show more",
        description: `${group(node.rest)} not shown`,
        tooltip: `${group(node.rest)} more. Select to show the next ones`,
        spoken: `Show more: ${group(node.rest)} not shown`,
        icon: new vscode.ThemeIcon("ellipsis"),
        collapsible: false,
        command: { command: showMoreCommand, title: "Show More", arguments: [node.of, node.parent] },
      };
  }
}

function modelLook({ uri }: ModelNode): Look {
  const name = nameOf(uri);
  const place = placeOf(uri);
  return {
    label: name,
    description: place,
    tooltip: `${uri.fsPath}\nOpens in the model editor. Expand it to see its modules, layers and tensors. ${MODULES_GUESS}`,
    spoken: `${name}, model${place ? ` in ${place}` : ""}`,
    icon: vscode.ThemeIcon.File,
    collapsible: true,
    command: openCommand(uri),
  };
}

function moduleLook({ module }: ModuleNode): Look {
  const count = plural(module.layers, "layer");
  return {
    label: module.label,
    description: count,
    tooltip: `${module.path}\n${count}. ${MODULES_GUESS}`,
    spoken: `${module.label}, module of ${count}`,
    icon: new vscode.ThemeIcon("symbol-namespace"),
    collapsible: true,
  };
}

function layerLook({ label, index, uri, description }: LayerNode): Look {
  const { name, operator, outputDims, parameters } = description;
  const shape = outputDims ? formatShape(outputDims) : undefined;
  return {
    label: label || "(no name)",
    description: [label === operator ? undefined : operator, shape].filter(Boolean).join(" "),
    tooltip: [
      name,
      `${operator}, layer ${index}`,
      shape === undefined ? "The output's shape is not known without running the model" : `Output ${shape}`,
      ...(parameters > 0 ? [plural(parameters, "parameter")] : []),
    ].join("\n"),
    spoken: [`${label || "no name"}, layer`, operator, shape && `output ${shape}`].filter(Boolean).join(", "),
    icon: new vscode.ThemeIcon("symbol-method"),
    collapsible: true,
    command: layerCommand(uri, index),
  };
}

function tensorLook({ role, value, uri, index }: TensorNode): Look {
  const { name, type, dims, problem } = value;
  const shape = dims ? formatShape(dims) : "shape not known";
  return {
    label: name,
    description: [shape, type].filter(Boolean).join(" "),
    tooltip: [`${name}\n${role === "weight" ? "Weights" : "Output"}, ${shape}`, type, problem]
      .filter(Boolean)
      .join(", "),
    spoken: [name, role === "weight" ? "weights" : "output", shape, type, problem].filter(Boolean).join(", "),
    icon: new vscode.ThemeIcon(problem ? "warning" : role === "weight" ? "symbol-array" : "symbol-interface"),
    collapsible: false,
    command: layerCommand(uri, index),
  };
}

/** The keyboard stays in the tree; a double click goes on as in the explorer. */
function openCommand(uri: vscode.Uri): vscode.Command {
  return {
    command: "vscode.openWith",
    title: "Open Model",
    arguments: [uri, modelViewType, { preserveFocus: true, preview: true }],
  };
}

function layerCommand(uri: vscode.Uri, index: number): vscode.Command {
  return { command: revealLayerCommand, title: "Show Layer in the Model Editor", arguments: [uri, index] };
}
