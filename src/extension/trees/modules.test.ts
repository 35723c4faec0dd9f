import { describe, expect, test } from "vitest";
import type { LayerDescription } from "../../protocol/model.ts";
import { modulesOf, type LayerEntry, type ModuleGroup } from "./modules.ts";

function named(...names: string[]): LayerDescription[] {
  return names.map((name, index) => ({
    index,
    name,
    operator: "Conv",
    domain: "",
    parameters: 0,
    inputs: [],
    outputs: [`v${index}`],
  }));
}

/** The tree as indented lines. */
function lines(entries: readonly (ModuleGroup | LayerEntry)[], indent = ""): string[] {
  return entries.flatMap((entry) =>
    entry.kind === "layer"
      ? [`${indent}${entry.label} #${entry.layer.index}`]
      : [`${indent}${entry.label} (${entry.layers})`, ...lines(entry.children, `${indent}  `)],
  );
}

describe("modules guessed from layers' names", () => {
  test("each part between slashes is a module, in the order of the layers", () => {
    expect(
      lines(modulesOf(named("/stem/Conv", "/features/0/Conv", "/features/0/Relu", "/features/1/Conv", "/Gemm"))),
    ).toEqual([
      "stem (1)",
      "  Conv #0",
      "features (3)",
      "  0 (2)",
      "    Conv #1",
      "    Relu #2",
      "  1 (1)",
      "    Conv #3",
      "Gemm #4",
    ]);
  });

  test("modules that hold nothing but one module are one row; the path names the innermost", () => {
    const [module] = modulesOf(named("/a/b/c/Conv", "/a/b/c/Relu"));
    expect(module).toMatchObject({ kind: "module", label: "a / b / c", path: "/a/b/c", layers: 2 });
  });

  test("where no name has a slash, dots divide; a name with neither stands alone", () => {
    expect(lines(modulesOf(named("layer1.conv1", "layer1.relu", "fc")))).toEqual([
      "layer1 (2)",
      "  conv1 #0",
      "  relu #1",
      "fc #2",
    ]);
    expect(modulesOf(named("layer1.conv1", "layer1.relu"))[0]).toMatchObject({ path: "layer1" });
    expect(lines(modulesOf(named("Conv_0", "Relu_1")))).toEqual(["Conv_0 #0", "Relu_1 #1"]);
  });

  test("dots do not divide where slashes do", () => {
    expect(lines(modulesOf(named("/blocks.0/conv.1/Conv", "/blocks.0/Add")))).toEqual([
      "blocks.0 (2)",
      "  conv.1 (1)",
      "    Conv #0",
      "  Add #1",
    ]);
  });

  test("a module that comes back later is one with the first; a layer and a module may have one name", () => {
    expect(lines(modulesOf(named("/a/x", "/b/x", "/a/y", "/a")))).toEqual([
      "a (2)",
      "  x #0",
      "  y #2",
      "b (1)",
      "  x #1",
      "a #3",
    ]);
  });

  test("names that are no paths: empty, only separators, thousands of parts", () => {
    expect(lines(modulesOf(named("", "///")))).toEqual([" #0", "/// #1"]);
    const [deep] = modulesOf(named(Array.from({ length: 5000 }, () => "x").join("/")));
    expect(deep).toMatchObject({ kind: "module", layers: 1 });
  });
});
