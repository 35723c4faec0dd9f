import { describe, expect, it } from "vitest";
import type { TableArtifact } from "../../protocol/artifacts.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { saveResult } from "../encode/save.ts";
import { result as base } from "../../../test/support/artifacts.ts";
import { kindOf } from "./index.ts";

const table: TableArtifact = {
  kind: "table",
  id: "times",
  title: "Layers",
  columns: [
    { name: "layer", type: "text", values: ["conv1", "a, b", "fc"] },
    { name: "place", type: "integer", values: Float64Array.of(0, 1, 2) },
    { name: "time", type: "number", unit: "ms", values: Float32Array.of(0.5, 12, NaN) },
  ],
  caption: "one run",
};
const { layout, numbers, combine } = kindOf(table);
const setting = { pictures: [], looks: DEFAULT_LOOKS };

describe("a table", () => {
  it("is a header with units and its rows as CSV", () => {
    const csv = new TextDecoder().decode(saveResult({ ...base, views: [table] }, DEFAULT_LOOKS, "csv"));
    expect(csv).toBe('layer,place,time (ms)\r\nconv1,0,0.5\r\n"a, b",1,12\r\nfc,2,NaN\r\n');
  });

  it("has its columns of numbers as an array", () => {
    expect(numbers(table)).toEqual({ dims: [3, 2], values: Float32Array.of(0, 0.5, 1, 12, 2, NaN) });
  });

  it("is drawn with numbers at the right of their columns", () => {
    const { parts, width, height } = layout(table, setting);
    const texts = parts.filter((part) => part.kind === "text");
    expect(texts.map(({ text }) => text)).toEqual([
      "layer",
      "conv1",
      "a, b",
      "fc",
      "place",
      "0",
      "1",
      "2",
      "time (ms)",
      "0.5",
      "12",
      "NaN",
    ]);
    expect(texts.filter(({ text }) => ["0.5", "12", "NaN", "time (ms)"].includes(text)).map(({ x }) => x)).toEqual(
      Array(4).fill(width),
    );
    expect(Math.max(...texts.map(({ y }) => y))).toBeLessThan(height);
  });

  it("is drawn with so many rows, and how many more there are", () => {
    const long: TableArtifact = {
      ...table,
      columns: [{ name: "n", type: "integer", values: Float64Array.from({ length: 120 }, (_, i) => i) }],
    };
    const texts = layout(long, setting).parts.flatMap((part) => (part.kind === "text" ? [part.text] : []));
    expect(texts.length).toBe(52);
    expect(texts.at(-1)).toBe("and 70 more");
    expect(layout({ ...table, columns: [] }, setting).parts.length).toBe(1);
  });

  it("of several samples: numbers are combined, names and places stay", () => {
    const other: TableArtifact = {
      ...table,
      columns: [
        table.columns[0],
        table.columns[1],
        { ...table.columns[2], type: "number", values: Float32Array.of(1.5, 0, 4) },
      ],
    };
    const mean = combine([table, other], (values) => (values[0] + values[1]) / 2);
    expect(mean.columns.slice(0, 2)).toEqual(table.columns.slice(0, 2));
    expect(mean.columns[2].values).toEqual(Float32Array.of(1, 6, NaN));
    expect(combine([table, { ...table, columns: table.columns.slice(1) }], () => 0)).toBe(table);
  });
});

describe("a kind that another version made", () => {
  it("is named where it should be drawn, and still saved as numbers", () => {
    const strange = { ...base, views: [{ kind: "xyz", id: "x" } as unknown as TableArtifact] };
    for (const format of ["png", "svg", "csv"] as const)
      expect(() => saveResult(strange, DEFAULT_LOOKS, format)).toThrow('This version cannot show "xyz" results.');
    expect(saveResult(strange, DEFAULT_LOOKS, "npy")).toEqual(saveResult(base, DEFAULT_LOOKS, "npy"));
    const json = JSON.parse(new TextDecoder().decode(saveResult(strange, DEFAULT_LOOKS, "json")));
    expect(json.artifacts[0]).toEqual({ kind: "xyz", id: "x" });
  });
});
