import { describe, expect, test } from "vitest";
import { heatmap, provenance, result } from "../../../test/support/artifacts.ts";
import type { Provenance } from "../../protocol/result.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { layoutScene } from "./scene.ts";

const output = "logits";

/** The lines of a picture's caption that are as large as its title. */
function largeText(target: Provenance["target"]): string {
  const { parts } = layoutScene({ ...result, provenance: { ...provenance, target } }, heatmap, DEFAULT_LOOKS);
  return parts.flatMap((part) => (part.kind === "text" && part.scale === 2 ? part.text : [])).join(" ");
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

  test("says none where there is none", () => {
    expect(largeText(undefined)).not.toContain("Target");
  });
});
