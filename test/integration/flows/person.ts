// What a person does in many flows, and what the flows look at.
import assert from "node:assert/strict";
import type { Frame, Locator, Page } from "playwright-core";
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
export function engineIdle(vscode: Bridge): Promise<EngineNow> {
  return eventually(async () => {
    const now = await engineNow(vscode);
    assert.ok(now.kind === "idle" || now.kind === "stopped", `the engine is ${now.kind}`);
    return now;
  });
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

export function compareFrame(workbench: Workbench): Promise<Frame> {
  return workbench.webview("[data-testid=grid]");
}

/** What each cell of a comparison is at: "running", "done", "stopped" ... */
export function kinds(frame: Frame): Promise<string[]> {
  return frame
    .locator("[data-cell]")
    .evaluateAll((cells) => cells.map((cell) => (cell as HTMLElement).dataset.kind ?? ""));
}

/** Waits until a comparison has this many cells, all done. */
export function allDone(frame: Frame, count: number): Promise<void> {
  return eventually(async () => {
    const now = await kinds(frame);
    const errors = await testid(frame, "cell-error").allInnerTexts();
    assert.deepEqual(errors, []);
    assert.deepEqual(
      now,
      Array.from({ length: count }, () => "done"),
    );
  });
}

/**
 * From the palette to a comparison of the cat by the four methods that are ticked at first, all done. Gives its frame.
 */
export async function comparisonOfTheCat(workbench: Workbench): Promise<Frame> {
  await workbench.openFile("efficientnet-lite0.onnx");
  await workbench.runCommand("Neural Loupe: Compare Explanations");
  await workbench.pick("cat.png");
  await workbench.takeTicked("Saliency");
  const frame = await compareFrame(workbench);
  await allDone(frame, 4);
  return frame;
}

/**
 * From the palette to the heat map, as the walkthrough tells it: command, cat.png, Egyptian cat. Gives the panel's
 * frame.
 */
export async function saliencyOfTheCat(workbench: Workbench): Promise<Frame> {
  await workbench.runCommand("Neural Loupe: Visualize Saliency");
  await workbench.pick("cat.png");
  await pickTopClass(workbench, "Egyptian cat");
  const frame = await panelFrame(workbench);
  await testid(frame, "heatmap").waitFor();
  return frame;
}

/** Waits until what was done to the page has reached what it shows. */
function drawn(frame: Frame): Promise<void> {
  return frame.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));
}

/** Waits until the panel shows the answer to what its controls ask: no run goes on, nothing is old, nothing failed. */
export function answered(frame: Frame): Promise<void> {
  return eventually(async () => {
    await drawn(frame);
    const error = testid(frame, "error");
    if (await error.count()) assert.fail(`an error is shown: ${await error.innerText()}`);
    assert.equal(await frame.locator(".stage[aria-busy=true]").count(), 0, "it still runs");
    for (const old of ["old-picture", "stale", "partial"])
      assert.equal(await testid(frame, old).count(), 0, `the picture is from before (${old})`);
  });
}

/** Waits until the model has said what it sees, and takes the first class with Enter. */
export async function pickTopClass(workbench: Workbench, name: string): Promise<void> {
  await eventually(async () => {
    const rows = await workbench.quickPickRows();
    assert.ok(
      rows.some((row) => row.includes(name) && row.includes("%")),
      `the model's top classes are not there yet: ${rows.slice(0, 6).join(" | ")}`,
    );
  });
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

/**
 * Moves the cursor over the heat map (u to the right and v down, from 0 to 1) and reads the tooltip there. `cells`: the
 * map's side.
 */
export async function readingAt(page: Page, frame: Frame, u: number, v: number, cells: number): Promise<Reading> {
  return eventually(async () => {
    // Moved again where the page was not there yet to heed it, or has changed its layout since.
    const box = await testid(frame, "heatmap-view").boundingBox();
    assert.ok(box, "the heat map is not on the page");
    await page.mouse.move(box.x + box.width * u - 2, box.y + box.height * v);
    await page.mouse.move(box.x + box.width * u, box.y + box.height * v);
    await drawn(frame);
    const now = await tooltip(frame);
    const off = Math.max(Math.abs((now.column + 0.5) / cells - u), Math.abs((now.row + 0.5) / cells - v));
    assert.ok(off < Math.max(1 / cells, 0.02), `the tooltip is still at row ${now.row}, column ${now.column}`);
    return now;
  });
}

async function tooltip(frame: Frame): Promise<Reading> {
  const data = (await testid(frame, "tooltip").evaluate(
    (element) => ({ ...(element as HTMLElement).dataset }),
    undefined,
    { timeout: 1000 },
  )) as Record<string, string>;
  const number = (name: string): number => {
    assert.match(data[name] ?? "", /\d/, `the tooltip has no ${name}`);
    return Number(data[name]);
  };
  return {
    x: number("x"),
    y: number("y"),
    row: number("row"),
    column: number("column"),
    value: number("value"),
    channels: (data.channels ?? "").split(",").filter(Boolean).map(Number),
  };
}

/** A float32 .npy as numpy writes it: its shape and its numbers. */
export function readNpy(bytes: Buffer): { dims: number[]; values: Float32Array } {
  assert.equal(bytes.subarray(1, 6).toString("latin1"), "NUMPY");
  const length = bytes.readUInt16LE(8);
  const header = bytes.subarray(10, 10 + length).toString("latin1");
  assert.match(header, /'descr': '<f4', 'fortran_order': False/);
  const dims = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? "")
    .split(",")
    .map((text) => text.trim())
    .filter(Boolean)
    .map(Number);
  const data = bytes.subarray(10 + length);
  const values = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  assert.equal(
    values.length,
    dims.reduce((product, dim) => product * dim, 1),
  );
  return { dims, values };
}

/** What a panel says after Cancel: that it was cancelled, or what it had until then. */
export function cancelledNote(panel: Frame): Promise<string> {
  return panel.locator('[data-testid="partial"], [data-testid="notice"]').first().innerText();
}
