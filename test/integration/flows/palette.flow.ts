// The palette: each title that it lists, typed, is its first match, and Enter runs its command.
import assert from "node:assert/strict";
import type { Bridge } from "../harness/bridge.ts";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import type { Workbench } from "../harness/workbench.ts";
import { answered, extensionId, panelFrame, saliencyOfTheCat, testid } from "./person.ts";

/** What runs at once or changes nothing that could be seen: these are looked for and not run. */
const notRun = ["Cancel Running Model", "Restart Engine"];

flow(
  "each title in the palette, typed, is what Enter runs",
  // As in a fresh profile each time: what was used before would stand first.
  { settings: { "workbench.commandPalette.history": 0 } },
  async ({ workbench, vscode, page, step, screenshot }) => {
    const titles = await titlesOf(vscode);
    await step("the main ones", async () => {
      for (const title of titles.main) await runFirst(workbench, vscode, title);
    });
    await step("others are not listed", async () => {
      await workbench.openPalette();
      await workbench.typeQuickInput("Visualize HiResCAM");
      await eventually(async () => assert.doesNotMatch((await workbench.quickPickRows()).join(), /HiResCAM/));
      await page.keyboard.press("Escape");
    });
    await step("with neuralLoupe.palette: all, those and all others", async () => {
      await vscode.setSetting("neuralLoupe.palette", "all");
      for (const title of [...titles.others, ...titles.main.filter((one) => one.startsWith("Visualize"))])
        await runFirst(workbench, vscode, title);
      await workbench.openPalette();
      await workbench.typeQuickInput("Visualize Grad-CAM");
      await eventually(async () =>
        assert.equal((await workbench.quickPickRows())[0], "Neural Loupe: Visualize Grad-CAM"),
      );
      await screenshot("palette-all-dark");
    });
  },
);

flow("Explain With and Check Explanation ask for what is missing", {}, async (context) => {
  const { workbench, vscode, page, step, screenshot } = context;
  await step("Explain With: methods by family", async () => {
    await workbench.openFile("efficientnet-lite0.onnx");
    await workbench.runCommand("Neural Loupe: Explain With…");
    await eventually(async () => assert.match((await workbench.quickPickRows()).join("\n"), /Integrated Gradients/));
    await screenshot("explain-with-dark");
    await page.keyboard.press("Escape");
  });
  await step("a check of what the panel shows", async () => {
    await saliencyOfTheCat(workbench);
    await workbench.runCommand("Neural Loupe: Check Explanation…");
    await eventually(async () => assert.match((await workbench.quickPickRows()).join("\n"), /Sparseness/));
    assert.equal(
      await page.locator(".quick-input-widget:visible .quick-input-title").innerText(),
      "Check Saliency of efficientnet-lite0.onnx",
    );
    await screenshot("check-explanation-dark");
    await workbench.pick("Sparseness");
    const panel = await panelFrame(workbench);
    await answered(panel);
    // Below the result, which stays.
    await testid(panel, "row-gini").waitFor();
    assert.ok((await vscode.tabs()).some(({ label }) => label === "Saliency: efficientnet-lite0"));
  });
});

interface Titles {
  readonly main: readonly string[];
  readonly others: readonly string[];
}

/** Of the commands that need no editor in front, as the manifest has them. */
function titlesOf(vscode: Bridge): Promise<Titles> {
  return vscode.evaluate((vscode, id) => {
    const { commands, menus } = (
      vscode.extensions.getExtension(id)?.packageJSON as {
        contributes: {
          commands: { command: string; title: string }[];
          menus: { commandPalette: { command: string; when: string }[] };
        };
      }
    ).contributes;
    const when = (command: string): string =>
      menus.commandPalette.find((entry) => entry.command === command)?.when ?? "";
    const those = (test: (when: string) => boolean): string[] =>
      commands.filter(({ command }) => test(when(command))).map(({ title }) => title);
    return { main: those((when) => when === ""), others: those((when) => when.includes("palette == all")) };
  }, extensionId);
}

/** Types a title, and presses Enter on the first row; what the command then asks, shows or opens is its own. */
async function runFirst(workbench: Workbench, vscode: Bridge, title: string): Promise<void> {
  const { page } = workbench;
  const shown = `Neural Loupe: ${title}`;
  await workbench.openPalette();
  await workbench.typeQuickInput(shown);
  await eventually(async () => {
    const [first] = await workbench.quickPickRows();
    assert.ok(first === shown || first?.startsWith(`${shown},`), `typed "${shown}", first is "${first}"`);
  });
  if (notRun.includes(title)) return void (await page.keyboard.press("Escape"));
  await workbench.accept();
  if (opens[title]) await opens[title](workbench, vscode);
  else {
    const asked = page.locator(".quick-input-widget:visible .quick-input-title");
    await eventually(async () => assert.equal(await asked.innerText({ timeout: 1000 }), asks[title] ?? title));
    await page.keyboard.press("Escape");
  }
  await eventually(async () => assert.ok(!(await workbench.quickInput.isVisible())));
}

/** Titles of the lists that commands open without a model, where they are not the command's own. */
const asks: Readonly<Record<string, string>> = {
  "Explain With…": "Explain With",
  "Check Explanation…": "Check an Explanation",
  "Fill In Inputs…": "Fill In Inputs",
  "Open Model…": "Open a Model",
};

/** What commands show that ask nothing. */
const opens: Readonly<Record<string, (workbench: Workbench, vscode: Bridge) => Promise<void>>> = {
  "Export Explanation…": async (workbench) => void (await workbench.notification("Open a panel first")),
  "Open Sample Model": (workbench, vscode) => closed(workbench, vscode, /efficientnet-lite0/),
  "Open Walkthrough": (workbench, vscode) => closed(workbench, vscode, /Welcome|Walkthrough/),
  "Show Log": async ({ page }) =>
    page.locator(".part.panel .output-view, .part.panel .output-view-container").first().waitFor(),
};

/** Waits for a tab, and closes it: with a model in front, commands ask for no model. */
async function closed(workbench: Workbench, vscode: Bridge, label: RegExp): Promise<void> {
  await eventually(async () => {
    const labels = (await vscode.tabs()).map((tab) => tab.label);
    assert.ok(
      labels.some((one) => label.test(one)),
      `no tab ${String(label)}, but: ${labels.join(" | ") || "none"}`,
    );
  });
  await workbench.closeAllEditors();
}
