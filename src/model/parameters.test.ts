import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describe } from "./describe.ts";
import { openModel } from "./open.ts";

const folder = new URL("../../test/reference/parameters/", import.meta.url);
const counts = JSON.parse(readFileSync(new URL("counts.json", folder), "utf8")) as Record<
  string,
  { total: number; types?: Record<string, number> }
>;

test.each(Object.entries(counts))(
  "a network has as many parameters quantised as in floats: %s",
  async (name, { total, types }) => {
    const open = await openModel(fileURLToPath(new URL(`${name}.onnx`, folder)));
    const description = describe(open);
    open.close();
    expect(description.parameters).toBe(total);
    if (types)
      expect(Object.fromEntries(description.parameterTypes.map(({ type, count }) => [type, count]))).toEqual(types);
    // Scalars and what branches and functions hold apart, the layers' own add up to it.
    if (!["function", "branch"].includes(name))
      expect(description.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(total);
  },
);
