import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { contributions, outOfStep } from "../../scripts/manifest.mjs";
import { commandId } from "./commands/ids.ts";
import { catalogue } from "../techniques/catalogue.ts";
import { MODEL_EXTENSIONS, MODEL_FORMATS } from "../protocol/formats.ts";

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
  contributes: { commands: { command: string; title: string }[]; menus: Record<string, unknown> };
};

describe("package.json", () => {
  test("lists the techniques as the catalogue does (else run node scripts/manifest.mjs)", async () => {
    expect(await outOfStep()).toEqual([]);
  });

  test.each(catalogue)("has the command of $id in the palette and in the menus", (info) => {
    expect(manifest.contributes.commands).toContainEqual(
      expect.objectContaining({ command: commandId(info.id), title: info.command, category: "Neural Loupe" }),
    );
    expect(JSON.stringify(manifest.contributes.menus["neuralLoupe.techniques"])).toContain(`"${commandId(info.id)}"`);
  });
});

describe("the manifest's script", () => {
  test("would notice a technique that was added or renamed", () => {
    const wanted = contributions(catalogue, MODEL_FORMATS);
    const more = contributions(
      [...catalogue, { id: "new-one", command: "Visualize New", group: "cams" }],
      MODEL_FORMATS,
    );
    expect(more.commands).not.toEqual(wanted.commands);
    expect(more.commands.find(({ title }: { title: string }) => title === "Visualize New")?.command).toBe(
      "neuralLoupe.newOne",
    );
    expect(commandId("new-one")).toBe("neuralLoupe.newOne");
  });

  test("opens and offers the files of every format", () => {
    const { customEditors, menus } = contributions(catalogue, [...MODEL_FORMATS, { extensions: ["toy", "toy2"] }]);
    expect(customEditors[0].selector.map(({ filenamePattern }) => filenamePattern)).toEqual([
      ...MODEL_EXTENSIONS.map((ending) => `*.${ending}`),
      "*.toy",
      "*.toy2",
    ]);
    expect(menus["explorer/context"][0].when).toBe(
      `resourceExtname =~ /^\\.(${MODEL_EXTENSIONS.join("|")}|toy|toy2)$/i`,
    );
  });
});
