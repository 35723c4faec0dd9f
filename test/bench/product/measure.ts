// One repetition: a fresh VS Code with one build of the extension, from its start to a warm saliency.
import assert from "node:assert/strict";
import type { Frame } from "playwright-core";
import type { Bridge } from "../../integration/harness/bridge.ts";
import { eventually, within } from "../../integration/harness/eventually.ts";
import type { Window } from "../../integration/harness/flow.ts";
import type { Host } from "../../integration/harness/host.ts";
import { Instance } from "../../integration/harness/instance.ts";
import { answered, editorFrame, engineIdle, extensionId, saliencyOfTheCat } from "../../integration/flows/person.ts";
import { median } from "../statistics.ts";
import { record, recorded, replay, residentMegabytes } from "./engine-alone.ts";
import {
  clickToPicture,
  enterPressed,
  firstPaint,
  firstShown,
  memoryOfFrames,
  processorTimeOfPage,
  watchPage,
} from "./page.ts";

/** Everything that is measured, in the order of the table. */
export const MEASURES = {
  activation: { title: "activation, with loading the bundle", unit: "ms" },
  activationCpu: { title: "  processor time of it", unit: "ms" },
  editorPaint: { title: "model editor: opened -> first paint", unit: "ms" },
  editorFacts: { title: "model editor: opened -> facts (cold engine)", unit: "ms" },
  panelPaint: { title: "saliency panel: class taken -> first paint", unit: "ms" },
  panelDrawn: { title: "saliency panel: class taken -> heat map", unit: "ms" },
  warm: { title: "warm saliency: click -> new heat map", unit: "ms" },
  warmHostCpu: { title: "  extension host's processor time", unit: "ms" },
  warmPageCpu: { title: "  window's processor time", unit: "ms" },
  alone: { title: "warm saliency: engine alone", unit: "ms" },
  aloneCpu: { title: "  processor time of it, all threads", unit: "ms" },
  hostMemory: { title: "memory: extension host (RSS)", unit: "MB" },
  hostHeap: { title: "memory: extension host (heap and buffers)", unit: "MB" },
  engineMemory: { title: "memory: engine (RSS)", unit: "MB" },
  editorHeap: { title: "memory: model editor's webview", unit: "MB" },
  panelHeap: { title: "memory: saliency panel's webview", unit: "MB" },
} as const satisfies Record<string, { readonly title: string; readonly unit: "ms" | "MB" }>;

/** undefined where this system does not tell. */
export type Measured = { readonly [K in keyof typeof MEASURES]: number | undefined };

/** Milliseconds for one repetition, where no single wait ends it. */
const limit = 5 * 60_000;

/** How often each recorded run is asked of the engine alone. */
const ROUNDS = 3;

export async function measure(build: {
  readonly root: string;
  readonly host: Host;
  /** The extension's. */
  readonly folder: string;
}): Promise<Measured> {
  const instance = await Instance.start({ ...build, extension: { folder: build.folder } });
  try {
    return await within(limit, instance.openWindow().then(inVSCode), "one repetition");
  } finally {
    await instance.close();
  }
}

async function inVSCode({ page, workbench, vscode }: Window): Promise<Measured> {
  await workbench.explorerRow("efficientnet-lite0.onnx").waitFor();
  await watchPage(page);
  await record(vscode);
  const pageCpu = await processorTimeOfPage(page);
  const beforeActivation = await hostCpu(vscode);
  const activation = await vscode.activate(extensionId);
  assert.ok(activation !== undefined, "the extension was active before anybody asked for it");
  const activationCpu = (await hostCpu(vscode)) - beforeActivation;

  const opened = await vscode.evaluate(async (vscode) => {
    const [model] = await vscode.workspace.findFiles("efficientnet-lite0.onnx");
    const opened = Date.now();
    await vscode.commands.executeCommand("vscode.open", model);
    return opened;
  });
  const editor = await editorFrame(workbench);
  await engineIdle(vscode);

  const panel = await saliencyOfTheCat(workbench);
  await answered(panel);
  const taken = await enterPressed(page);
  const warm: number[] = [];
  const warmHost: number[] = [];
  const warmPage: number[] = [];
  const groups: (readonly [number, number])[] = [];
  for (const target of await otherTargets(panel)) {
    await engineIdle(vscode);
    const from = (await recorded(vscode)).calls.length;
    const [hostBefore, pageBefore] = [await hostCpu(vscode), await pageCpu()];
    warm.push(await clickToPicture(panel, panel.locator(target)));
    warmHost.push((await hostCpu(vscode)) - hostBefore);
    warmPage.push((await pageCpu()) - pageBefore);
    await answered(panel);
    groups.push([from, (await recorded(vscode)).calls.length]);
  }
  const { pid } = await engineIdle(vscode);
  assert.ok(pid !== undefined, "no engine runs");
  const frames = await memoryOfFrames(page);
  const calls = await recorded(vscode);
  const hostMemory = residentMegabytes(vscode.pid);
  const engineMemory = residentMegabytes(pid);
  const alone = await replay(calls, groups, ROUNDS);
  return {
    activation,
    activationCpu,
    editorPaint: (await firstPaint(editor)) - opened,
    editorFacts: (await firstShown(editor, "facts")) - opened,
    panelPaint: (await firstPaint(panel)) - taken,
    panelDrawn: (await firstShown(panel, "drawn")) - taken,
    warm: median(warm),
    warmHostCpu: median(warmHost),
    warmPageCpu: median(warmPage),
    alone: median(alone.times),
    aloneCpu: alone.cpu,
    hostMemory,
    hostHeap: await hostHeap(vscode),
    engineMemory,
    editorHeap: frames[editor.url()] / 1e6,
    panelHeap: frames[panel.url()] / 1e6,
  };
}

/** Selectors of the buttons that explain another class. */
async function otherTargets(panel: Frame): Promise<string[]> {
  const buttons = panel.locator('button[data-testid^="prediction-"][aria-pressed=false]:enabled');
  await eventually(async () => assert.ok((await buttons.count()) > 1, "the panel offers no other classes"));
  const ids = await buttons.evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.testid));
  return ids.map((id) => `[data-testid="${id}"]`);
}

/** Milliseconds of processor time that the extension host has taken so far. */
function hostCpu(vscode: Bridge): Promise<number> {
  return vscode.evaluate(() => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  });
}

/** Megabytes that are in use in the extension host after a collection, by all extensions in it. */
function hostHeap(vscode: Bridge): Promise<number> {
  return vscode.evaluate(async () => {
    const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([import("node:v8"), import("node:vm")]);
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 1e6;
  });
}
