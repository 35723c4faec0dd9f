import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { resizeLinear } from "../../math/resize-linear.ts";
import { errorOf, type AgreementCase } from "../../../test/support/agreement.ts";
import { TOLERANCE } from "../../../test/support/agreement-particulars.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";

/** The mean over several layers' maps: of the paper's (`file`) and as pytorch-grad-cam has it (`own`). */
interface Several extends Omit<AgreementCase, "layer"> {
  readonly exporter: "torchscript" | "dynamo";
  readonly layers: readonly string[];
  readonly own: string;
}

const several = JSON.parse(readFileSync(resolve("test/reference/cams/several.json"), "utf8")) as Several[];
const { run } = referenceNetworks();

describe("Grad-CAM's mean over several layers", () => {
  // ResNet-18's channels are many: one of its exports will do.
  it.each(several.filter(({ network, exporter }) => network !== "resnet18" || exporter === "dynamo"))(
    "is that of pytorch-grad-cam's maps: $network-$exporter",
    async (one) => {
      const at = (layer: string | readonly string[]) =>
        run(`${one.network}-${one.exporter}`, "grad-cam", { target: { index: [one.target] }, layer });
      const together = await at(one.layers);
      const [{ values, dims }] = together.arrays;
      const expected = { ...one, layer: undefined, folder: "cams" };
      expect(errorOf(values, expected)).toBeLessThan(TOLERANCE);
      expect(together.provenance.layer).toBe(one.layers.join(", "));
      expect(together.notes.join(" ")).toContain("Mean over 2 layers");
      // pytorch-grad-cam's own, from our maps of each layer: from least to largest before they are resized, and so
      // again their mean.
      const [first, second] = (await Promise.all(one.layers.map(at))).map(({ arrays: [raw] }) =>
        resizeLinear(scaled(raw.values), raw.dims, dims),
      );
      const own = { ...expected, file: one.own };
      expect(errorOf(scaled(first.map((value, i) => (value + second[i]) / 2)), own)).toBeLessThan(TOLERANCE);
      expect(errorOf(values, own)).toBeGreaterThan(TOLERANCE);
    },
    60_000,
  );
});

/** From 0 to 1, as pytorch-grad-cam does it. */
function scaled(map: Float32Array): Float32Array {
  const least = map.reduce((a, b) => Math.min(a, b), Infinity);
  const largest = map.reduce((a, b) => Math.max(a, b), -Infinity) - least;
  return map.map((value) => (value - least) / (1e-7 + largest));
}
