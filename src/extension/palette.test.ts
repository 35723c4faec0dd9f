import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { paletteMatches } from "../../test/support/palette.ts";
import { catalogue } from "../techniques/catalogue.ts";
import { commandId, LISTED_TECHNIQUES } from "./commands/ids.ts";

interface Entry {
  readonly command?: string;
  readonly submenu?: string;
  readonly when?: string;
}

const { contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
  contributes: {
    commands: { command: string; title: string; category: string }[];
    menus: Record<string, Entry[]>;
    configuration: { properties: Record<string, { default: unknown; enum?: string[] }> };
  };
};
const onlyAll = "config.neuralLoupe.palette == all";

/** The titles that the palette lists, as it shows them, under a value of neuralLoupe.palette. */
function listed(setting: string): string[] {
  const hidden = contributes.menus.commandPalette.filter(({ when }) => setting !== "all" && when === onlyAll);
  return contributes.commands
    .filter(({ command }) => !hidden.some((entry) => entry.command === command))
    .map(({ title, category }) => `${category}: ${title}`);
}

describe("the palette", () => {
  test("lists the main methods, and all of them where the setting says so", () => {
    expect(contributes.configuration.properties["neuralLoupe.palette"]).toMatchObject({
      default: "main",
      enum: ["main", "all"],
    });
    const techniques = new Set(catalogue.map(({ command }) => `Neural Loupe: ${command}`));
    expect(listed("main").filter((title) => techniques.has(title))).toEqual(
      [
        "Show Predictions",
        "Visualize Feature Maps",
        "Visualize Layer Activation",
        "Visualize Saliency",
        "Visualize Integrated Gradients",
        "Visualize Guided Backprop",
        "Visualize Layer-wise Relevance Propagation (LRP)",
        "Visualize DeepLIFT",
        "Visualize Class Activation Map (CAM)",
        "Visualize Grad-CAM",
        "Visualize Grad-CAM++",
        "Visualize Score-CAM",
        "Visualize Occlusion",
        "Visualize RISE",
      ].map((title) => `Neural Loupe: ${title}`),
    );
    expect(listed("all").filter((title) => techniques.has(title))).toHaveLength(catalogue.length);
    for (const title of ["Explain With…", "Check Explanation…", "Export Explanation…", "Compare Explanations"])
      expect(listed("main")).toContain(`Neural Loupe: ${title}`);
  });

  test("names techniques that exist", () => {
    expect(LISTED_TECHNIQUES.filter((id) => !catalogue.some((info) => info.id === id))).toEqual([]);
  });

  // VS Code runs the first match on Enter, and does not prefer an exact one.
  describe.each(["main", "all"])("with neuralLoupe.palette: %s", (setting) => {
    test.each(listed(setting))("finds first what is typed: %s", (title) => {
      expect(paletteMatches(title, listed(setting))[0]).toBe(title);
      const alone = title.replace("Neural Loupe: ", "");
      expect(paletteMatches(alone, listed(setting))[0]).toBe(title);
    });
  });

  test("would be found wrong with a title that has all words of another and sorts before it", () => {
    const titles = ["Visualize Eigen-Grad-CAM", "Visualize Element-wise Grad-CAM", "Visualize Grad-CAM"];
    expect(paletteMatches("Visualize Grad-CAM", titles)).toEqual(titles);
    expect(paletteMatches("Visualize Grad-CAM", ["Visualize EigenGradCAM", "Visualize Grad-CAM Element-wise"])).toEqual(
      ["Visualize Grad-CAM Element-wise"],
    );
  });
});

describe("the menus", () => {
  test.each(["editor/title", "editor/title/context", "explorer/context"])(
    "%s has two entries and a submenu",
    (menu) => {
      expect(contributes.menus[menu].map(({ command, submenu }) => command ?? submenu)).toEqual([
        "neuralLoupe.predictions",
        "neuralLoupe.explainWith",
        "neuralLoupe.techniques",
      ]);
    },
  );

  test("the submenu lists what the palette lists", () => {
    const always = contributes.menus["neuralLoupe.techniques"].filter(({ when }) => when === undefined);
    expect(always.map(({ command }) => command)).toEqual([...LISTED_TECHNIQUES.map(commandId), "neuralLoupe.compare"]);
  });
});
