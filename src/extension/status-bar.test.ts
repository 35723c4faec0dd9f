import { describe, expect, test } from "vitest";
import { statusLook } from "./status-bar.ts";

const current = { model: "net.onnx", input: "cat.png", uri: "file:///m/net.onnx" };

describe("the status item", () => {
  test("shows the current input while nothing runs, and chooses another on a click", () => {
    for (const kind of ["stopped", "idle"] as const) {
      const look = statusLook({ kind, waiting: 0 }, current);
      expect(look).toMatchObject({
        text: "$(search) cat.png",
        command: { command: "neuralLoupe.chooseCurrentInput", arguments: ["file:///m/net.onnx"] },
      });
      expect(look?.tooltip).toContain("Current input of net.onnx: cat.png");
    }
  });

  test("without an input it is the engine's alone, and nothing where there is none", () => {
    expect(statusLook({ kind: "stopped", waiting: 0 }, undefined)).toBeUndefined();
    expect(statusLook({ kind: "idle", waiting: 0 }, undefined)?.command).toBe("neuralLoupe.showLog");
  });

  test("a run comes first; the input is in its tooltip", () => {
    const look = statusLook({ kind: "running", waiting: 2, progress: { fraction: 0.5, text: "Running" } }, current);
    expect(look?.text).toMatch(/Running 50.?% \(2 waiting\)/);
    expect(look?.tooltip).toContain("cat.png");
    expect(look?.command).toBe("neuralLoupe.cancelRun");
  });
});
