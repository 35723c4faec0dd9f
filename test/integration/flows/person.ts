// What a person does in many flows, and what the flows look at.
import assert from "node:assert/strict";
import type { Frame, Locator } from "playwright-core";
import type { Bridge } from "../harness/bridge.ts";
import { eventually } from "../harness/eventually.ts";
import type { Workbench } from "../harness/workbench.ts";

export const extensionId = "neural-loupe.neural-loupe";

/** The engine as the extension tells it; `pid` is undefined where none runs. */
export interface EngineNow {
  readonly kind: string;
  readonly waiting: number;
  readonly pid?: number;
  /** Model runs of this process so far. */
  readonly runs: number;
}

export function engineNow(vscode: Bridge): Promise<EngineNow> {
  return vscode.evaluate(async (vscode, id) => {
    const extension = vscode.extensions.getExtension(id);
    // Nothing has called for the extension yet.
    if (!extension?.isActive) return { kind: "stopped", waiting: 0, runs: 0 };
    const api = extension.exports as {
      engineState(): { kind: string; waiting: number; pid?: number };
      engineStatus(): Promise<{ pid: number; runs: number } | undefined>;
    };
    const { kind, waiting, pid } = api.engineState();
    // A busy engine answers late: its runs are asked for only when it is idle.
    const status = kind === "idle" ? await api.engineStatus() : undefined;
    return { kind, waiting, pid, runs: status?.runs ?? 0 };
  }, extensionId);
}

/** Waits until the engine has nothing to do, and gives its state. */
export function engineIdle(vscode: Bridge, timeout = 15_000): Promise<EngineNow> {
  return eventually(async () => {
    const now = await engineNow(vscode);
    assert.ok(now.kind === "idle" || now.kind === "stopped", `the engine is ${now.kind}`);
    return now;
  }, { timeout });
}

export function testid(frame: Frame, id: string): Locator {
  return frame.locator(`[data-testid="${id}"]`);
}

export function editorFrame(workbench: Workbench): Promise<Frame> {
  return workbench.webview("[data-testid=facts]");
}

export function panelFrame(workbench: Workbench): Promise<Frame> {
  return workbench.webview("[data-testid=methods]");
}

/** From the palette to the heat map, as the walkthrough tells it: command, cat.png, Egyptian cat. Gives the panel's frame. */
export async function saliencyOfTheCat(workbench: Workbench): Promise<Frame> {
  await workbench.runCommand("Neural Loupe: Visualize Saliency");
  await workbench.pick("cat.png");
  await pickTopClass(workbench, "Egyptian cat");
  const frame = await panelFrame(workbench);
  await testid(frame, "heatmap").waitFor({ timeout: 60_000 });
  return frame;
}

/** Waits until the panel shows the answer to what its controls ask: no run goes on, nothing is old, nothing failed. */
export function answered(frame: Frame, timeout = 30_000): Promise<void> {
  return eventually(async () => {
    const error = testid(frame, "error");
    if (await error.count()) assert.fail(`an error is shown: ${await error.innerText()}`);
    assert.equal(await frame.locator(".stage[aria-busy=true]").count(), 0, "it still runs");
    for (const old of ["old-picture", "stale"]) assert.equal(await testid(frame, old).count(), 0, `the picture is from before (${old})`);
  }, { timeout });
}

/** Waits until the model has said what it sees, and takes the first class with Enter. */
export async function pickTopClass(workbench: Workbench, name: string): Promise<void> {
  await eventually(async () => {
    const rows = await workbench.quickPickRows();
    assert.ok(rows.some((row) => row.includes(name) && row.includes("%")), `the model's top classes are not there yet: ${rows.slice(0, 6).join(" | ")}`);
  }, { timeout: 60_000 });
  await workbench.pick(name);
}

/** What a canvas shows, as text that is equal for equal pictures; fails where nothing has been drawn. */
export async function pixels(canvas: Locator): Promise<string> {
  const url = await canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
  assert.ok(url.length > 200, "nothing is drawn");
  return url;
}

/** Moves a range input to a value, as dragging does. */
export async function drag(slider: Locator, value: number): Promise<void> {
  await slider.evaluate((element, to) => {
    const input = element as HTMLInputElement;
    input.value = String(to);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, value);
}

/** What the tooltip says of the place under the cursor, unrounded. */
export interface Reading {
  readonly x: number;
  readonly y: number;
  readonly row: number;
  readonly column: number;
  readonly value: number;
  readonly channels: readonly number[];
}

export async function reading(frame: Frame): Promise<Reading> {
  const tip = testid(frame, "tooltip");
  await tip.waitFor({ timeout: 5000 });
  const data = await tip.evaluate((element) => ({ ...(element as HTMLElement).dataset })) as Record<string, string>;
  const number = (name: string): number => {
    assert.match(data[name] ?? "", /\d/, `the tooltip has no ${name}`);
    return Number(data[name]);
  };
  return { x: number("x"), y: number("y"), row: number("row"), column: number("column"), value: number("value"), channels: (data.channels ?? "").split(",").filter(Boolean).map(Number) };
}

/** A float32 .npy as numpy writes it: its shape and its numbers. */
export function readNpy(bytes: Buffer): { dims: number[]; values: Float32Array } {
  assert.equal(bytes.subarray(1, 6).toString("latin1"), "NUMPY");
  const length = bytes.readUInt16LE(8);
  const header = bytes.subarray(10, 10 + length).toString("latin1");
  assert.match(header, /'descr': '<f4', 'fortran_order': False/);
  const dims = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").map((text) => text.trim()).filter(Boolean).map(Number);
  const data = bytes.subarray(10 + length);
  const values = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  assert.equal(values.length, dims.reduce((product, dim) => product * dim, 1));
  return { dims, values };
}
