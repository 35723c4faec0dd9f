import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { heatmap, provenance, result } from "../../../test/support/artifacts.ts";
import { differing } from "../../../test/webview/gallery/compare-pictures.ts";
import type { Provenance } from "../../protocol/result.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { encodePng } from "../encode/png.ts";
import { composePicture } from "./compose.ts";
import { layoutScene } from "./scene.ts";

const output = "logits";

/** The lines of a picture's caption that are as large as its title. */
function largeText(target: Provenance["target"]): string {
  const { parts } = layoutScene({ ...result, provenance: { ...provenance, target } }, heatmap, DEFAULT_LOOKS);
  const scale = parts.find((part) => part.kind === "text")?.scale;
  return parts.flatMap((part) => (part.kind === "text" && part.scale === scale ? part.text : [])).join(" ");
}

describe("a picture's caption", () => {
  test.each([
    [{ output, index: [285], label: "Egyptian cat" }, "Target: Egyptian cat, 285 of logits"],
    [{ output, index: [3, 17, 20], label: "" }, "Target: 3,17,20 of logits"],
    [{ output, index: [1], label: "dog", against: [2] }, "Target: dog, 1 − 2 of logits"],
    [{ output, index: [0], label: "cat", not: true as const }, "Target: not cat, 0 of logits"],
    [
      {
        output,
        index: [],
        label: "",
        region: [
          [15, 16],
          [10, 20],
        ] as const,
      },
      "Target: 15, 10:20 of logits",
    ],
  ])("says the target %j in readable size", (target, text) => {
    expect(largeText(target)).toContain(text);
  });

  test("is as large in a wide picture that is looked at reduced to a page", () => {
    const wide = { ...heatmap, over: "none", dims: [1, 1, 20, 3000], values: new Float32Array(60_000) };
    const { width, parts } = layoutScene(result, wide, DEFAULT_LOOKS);
    const scale = Math.max(...parts.map((part) => (part.kind === "text" ? part.scale : 0)));
    expect(width).toBeGreaterThan(2000);
    expect((scale * 10 * 1200) / width).toBeGreaterThan(16);
  });

  test("says none where there is none", () => {
    expect(largeText(undefined)).not.toContain("Target");
  });
});

describe("a saved picture", () => {
  // Taken again by UPDATE_PICTURES=1; look at it before it is committed.
  const recorded = path.join(import.meta.dirname, "../../../test/reference/font/saved.png");

  test("looks as recorded: title, colour bar, caption, target, origin, and boxes for other scripts", async () => {
    const about = { output, index: [285], label: "Egyptian cat 猫 ﻗﻄﺔ" };
    const { width, height, rgba } = composePicture(
      { ...result, provenance: { ...provenance, target: about } },
      { ...heatmap, over: "none", smooth: true, caption: "magnitude of the gradient, σ² ≥ 0, ∂y/∂x − Größe, Жук, ψ" },
      { ...DEFAULT_LOOKS, arrangement: "map" },
    );
    const png = encodePng(width, height, rgba);
    if (process.env.UPDATE_PICTURES) writeFileSync(recorded, png);
    expect(await differing(readFileSync(recorded), png)).toBeLessThanOrEqual(0.005);
  });
});
