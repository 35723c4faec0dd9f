// The tree of models over a small VS Code of the tests' own (test/support/vscode.ts) and an engine that counts.
import { readFileSync } from "node:fs";
import type * as vscode from "vscode";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { executed, fileEvents, files, FakeUri, workspace as vscodeWorkspace } from "../../../test/support/vscode.ts";
import { group } from "../../protocol/format.ts";
import { RemoteError } from "../../protocol/link.ts";
import type { LayerDescription, LayerDetails, ModelDescription } from "../../protocol/model.ts";
import { blockedReason } from "../trust.ts";
import { ModelList } from "./model-list.ts";
import { ModelsTree, type ModelsTreeSource } from "./models-tree.ts";
import { nodeText, revealLayerCommand, treeItem, type TreeNode } from "./nodes.ts";

const layers: LayerDescription[] = ["/stem/Conv", "/blocks/0/Conv", "/blocks/0/Relu", "/fc/Gemm"].map(
  (name, index) => ({
    index,
    name,
    operator: name.split("/").at(-1) ?? "",
    domain: "",
    outputDims: ["N", 8, 4, 4],
    parameters: 72,
    inputs: [],
    outputs: [`out_${index}`],
  }),
);
const details: LayerDetails = {
  layer: layers[0],
  doc: "",
  attributes: [],
  inputs: [
    { name: "x", from: { kind: "input" } },
    { name: "stem.weight", type: "float32", dims: [8, 3, 3, 3], from: { kind: "constant", bytes: 864, location: "" } },
  ],
  outputs: [{ name: "out_0", type: "float32", dims: ["N", 8, 4, 4], from: { kind: "layer", index: 0 } }],
};

let reads: string[];
let open: FakeUri[];
let plumbing: boolean;
let described: Partial<ModelDescription> | Error;
let list: ModelList;
let tree: ModelsTree;
beforeEach(() => {
  reads = [];
  open = [];
  plumbing = false;
  described = { layers, problems: [] };
  files.found = [];
  files.searches = 0;
  list = new ModelList();
  tree = new ModelsTree({
    models: () => list.models(),
    openModels: () => open,
    describe: (model: string) => {
      reads.push(model);
      return described instanceof Error ? Promise.reject(described) : Promise.resolve(described);
    },
    showsPlumbing: () => plumbing,
    layer: (model: string, index: number) => {
      reads.push(`${model} ${index}`);
      return Promise.resolve(details);
    },
  } as unknown as ModelsTreeSource);
});

/** Finds models called m0, m1, ... */
function workspaceOf(count: number): void {
  files.found = Array.from(
    { length: count },
    (_, index) => new FakeUri(`/workspace/m${String(index).padStart(4, "0")}.onnx`),
  );
}
const labels = (nodes: readonly TreeNode[]): unknown[] => nodes.map((node) => treeItem(node).label);
const asUri = (uri: FakeUri): vscode.Uri => uri as unknown as vscode.Uri;

describe("the list of models", () => {
  test("is found once, by name, in pages; nothing is read for it", async () => {
    workspaceOf(450);
    const first = await tree.getChildren();
    expect(first).toHaveLength(201);
    expect(labels(first).at(0)).toBe("m0000.onnx");
    expect(treeItem(first[200])).toMatchObject({ label: "Show more", description: "250 not shown" });
    const [more, parent] = (treeItem(first[200]).command?.arguments ?? []) as [string, undefined];
    tree.showMore(more, parent);
    expect(await tree.getChildren()).toHaveLength(401);
    tree.showMore(more, parent);
    expect(labels(await tree.getChildren()).at(-1)).toBe("m0449.onnx");
    expect(files.searches).toBe(1);
    expect(reads).toEqual([]);
  });

  test("says where it was cut", async () => {
    workspaceOf(6000);
    const last = (await tree.getChildren()).at(-1);
    expect(last).toMatchObject({ kind: "note", text: `Only the first ${group(5000)} models are listed` });
    expect(await tree.getChildren(last)).toEqual([]);
  });

  test("follows files that come and go, each wave as one search", async () => {
    vi.useFakeTimers();
    try {
      workspaceOf(1);
      const changes = vi.fn();
      list.onDidChange(changes);
      await tree.getChildren();
      workspaceOf(3);
      fileEvents.created.fire(files.found[1]);
      fileEvents.created.fire(files.found[2]);
      fileEvents.deleted.fire(files.found[0]);
      vi.runAllTimers();
      expect(changes).toHaveBeenCalledTimes(1);
      expect(await tree.getChildren()).toHaveLength(3);
      expect(files.searches).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test("has models that are open from elsewhere, each once", async () => {
    workspaceOf(1);
    open = [files.found[0], new FakeUri("/far/away.onnx")];
    expect(labels(await tree.getChildren())).toEqual(["m0000.onnx", "away.onnx"]);
  });
});

describe("inside a model", () => {
  test("is read when its row is expanded, once, and a layer's tensors when the layer is", async () => {
    workspaceOf(2);
    const [model] = await tree.getChildren();
    expect(reads).toEqual([]);
    const modules = await tree.getChildren(model);
    expect(labels(modules)).toEqual(["stem", "blocks / 0", "fc"]);
    await tree.getChildren(model);
    expect(reads).toEqual(["/workspace/m0000.onnx"]);
    const [conv] = await tree.getChildren(modules[0]);
    expect(treeItem(conv)).toMatchObject({
      label: "Conv",
      description: "N×8×4×4",
      contextValue: "layer",
      accessibilityInformation: { label: "Conv, layer, Conv, output N×8×4×4" },
      command: { command: "neuralLoupe.revealLayer", arguments: [model.uri, 0] },
    });
    const tensors = await tree.getChildren(conv);
    expect(tensors.map((tensor) => [treeItem(tensor).label, treeItem(tensor).description])).toEqual([
      ["stem.weight", "8×3×3×3 float32"],
      ["out_0", "N×8×4×4 float32"],
    ]);
    await tree.getChildren(conv);
    expect(reads).toEqual(["/workspace/m0000.onnx", "/workspace/m0000.onnx 0"]);
  });

  test("says how the modules were found", async () => {
    workspaceOf(1);
    const [model] = await tree.getChildren();
    const [stem] = await tree.getChildren(model);
    for (const node of [model, stem]) expect(treeItem(node).tooltip).toContain("guessed from the layers' names");
  });

  test("a broken file shows its error as a child, and is read again after a refresh", async () => {
    workspaceOf(1);
    described = new RemoteError("FormatError", "The file is empty.", "byte 0", "Save it again.");
    const [model] = await tree.getChildren();
    const [error] = await tree.getChildren(model);
    expect(treeItem(error)).toMatchObject({ label: "The file is empty.", iconPath: { id: "error" } });
    expect(nodeText(error)).toBe("The file is empty. byte 0. Save it again.");
    described = { layers, problems: [] };
    tree.forget();
    const [again] = await tree.getChildren();
    expect(again).toBe(model);
    expect(labels(await tree.getChildren(again))).toEqual(["stem", "blocks / 0", "fc"]);
  });

  test("problems of a file that can still be shown stand first", async () => {
    workspaceOf(1);
    described = {
      layers,
      problems: [
        { severity: "warning", message: "odd" },
        { severity: "error", message: "The file is cut off.", where: "byte 70" },
      ],
    };
    const [model] = await tree.getChildren();
    expect(labels(await tree.getChildren(model))).toEqual(["The file is cut off.", "stem", "blocks / 0", "fc"]);
  });

  test("a file that changed is read again when it is looked into, and no other", async () => {
    workspaceOf(2);
    list.onDidChangeFile((uri) => tree.forget(uri));
    const [model, other] = await tree.getChildren();
    await tree.getChildren(model);
    const changes = vi.fn();
    tree.onDidChangeTreeData(changes);
    fileEvents.changed.fire(other.uri as unknown as FakeUri);
    expect(changes).not.toHaveBeenCalled();
    fileEvents.changed.fire(model.uri as unknown as FakeUri);
    expect(changes).toHaveBeenCalledWith(model);
    await tree.getChildren(model);
    expect(reads).toEqual(["/workspace/m0000.onnx", "/workspace/m0000.onnx"]);
  });

  test("on a virtual file system it says what can be done, and is not read", async () => {
    files.found = [new FakeUri("/m.onnx", "vscode-vfs")];
    const [model] = await tree.getChildren();
    expect(labels(await tree.getChildren(model))[0]).toContain("virtual file system (vscode-vfs)");
    expect(reads).toEqual([]);
  });
});

describe("the row of a layer that was selected elsewhere", () => {
  test("is the object that is listed, below its own parents", async () => {
    workspaceOf(1);
    const found = await tree.find(asUri(files.found[0]), 2);
    expect(found).toMatchObject({ kind: "layer", index: 2 });
    const parent = found && tree.getParent(found);
    expect(await tree.getChildren(parent)).toContain(found);
    expect(await tree.getChildren(parent && tree.getParent(parent))).toContain(parent);
    expect(await tree.getChildren()).toContain(parent && tree.getParent(parent));
  });

  test("is listed from then on, however far down it stands", async () => {
    workspaceOf(500);
    described = {
      layers: Array.from({ length: 1000 }, (_, index) => ({ ...layers[0], index, name: `Conv_${index}` })),
      problems: [],
    };
    const found = await tree.find(asUri(files.found[430]), 700);
    const model = found && tree.getParent(found);
    expect(await tree.getChildren()).toContain(model);
    expect(await tree.getChildren(model)).toContain(found);
  });

  test("of a model that is not listed there is none; without a layer it is the model's own", async () => {
    workspaceOf(1);
    expect(await tree.find(asUri(new FakeUri("/else.onnx")), 1)).toBeUndefined();
    expect(await tree.find(asUri(files.found[0]))).toMatchObject({ kind: "model" });
    expect(reads).toEqual([]);
  });
});

describe("plumbing", () => {
  const shape: LayerDescription = {
    ...layers[0],
    index: 4,
    name: "/blocks/0/Shape",
    operator: "Shape",
    plumbing: true,
    parameters: 0,
  };
  const rows = async (): Promise<readonly TreeNode[]> => {
    const [model] = await tree.getChildren();
    return tree.getChildren(model);
  };
  const inBlocks = async (): Promise<unknown[]> =>
    labels(await tree.getChildren((await rows()).find((row) => treeItem(row).label === "blocks / 0")));

  test("is hidden, which is said, until it is asked for", async () => {
    workspaceOf(1);
    described = { layers: [...layers, shape], problems: [] };
    expect(labels(await rows()).at(-1)).toBe("1 node of the plumbing is hidden");
    expect(await inBlocks()).toEqual(["Conv", "Relu"]);
    plumbing = true;
    tree.forget();
    expect(labels(await rows()).join()).not.toContain("plumbing");
    expect(await inBlocks()).toEqual(["Conv", "Relu", "Shape"]);
  });

  test("a model of nothing else says so; one that is selected elsewhere leads to its model", async () => {
    workspaceOf(1);
    described = { layers: [{ ...shape, index: 0 }], problems: [] };
    expect(labels(await rows())).toEqual(["1 node of the plumbing is hidden"]);
    expect((await tree.find(asUri(files.found[0]), 0))?.kind).toBe("model");
  });
});

test("in a workspace that is not trusted rows are expanded, read and drawn, and nothing runs", async () => {
  workspaceOf(1);
  (vscodeWorkspace as { isTrusted: boolean }).isTrusted = false;
  const before = executed.length;
  try {
    const walk = async (node?: TreeNode): Promise<TreeNode[]> =>
      (await Promise.all((await tree.getChildren(node)).map(async (child) => [child, ...(await walk(child))]))).flat();
    const rows = await walk();
    expect(rows.map(({ kind }) => kind)).not.toContain("note");
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(["model", "module", "layer", "tensor"]));
    // Structure and tensors are what the engine is asked for; a click opens an editor or selects a layer in it.
    const [model] = reads;
    expect([...reads].sort()).toEqual([model, ...layers.map(({ index }) => `${model} ${index}`)].sort());
    expect(executed.slice(before)).toEqual([]);
    const clicks = new Set(rows.flatMap((row) => treeItem(row).command?.command ?? []));
    expect([...clicks].filter((id) => id !== "vscode.openWith")).toEqual([revealLayerCommand]);
    // What would run a model from a row refuses, with the reason.
    expect(blockedReason(asUri(files.found[0]))).toContain("not trusted");
  } finally {
    (vscodeWorkspace as { isTrusted: boolean }).isTrusted = true;
  }
});

test("where nothing is listed, an untrusted workspace is told why nothing runs", () => {
  const { contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
    contributes: { viewsWelcome: readonly { view: string; when?: string; contents: string }[] };
  };
  for (const view of ["neuralLoupe.models", "neuralLoupe.results"]) {
    const told = contributes.viewsWelcome.filter(
      (one) => one.view === view && one.when?.includes("!isWorkspaceTrusted"),
    );
    expect(told.map(({ contents }) => contents).join()).toMatch(
      /not trusted.*nothing is run.*workbench\.trust\.manage/s,
    );
  }
});
