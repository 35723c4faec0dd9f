import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeNpy } from "../data/index.ts";
import { slic } from "./slic.ts";
import cases from "../../test/reference/perturbation/slic.json" with { type: "json" };

const folder = resolve("test/reference/perturbation");
const npy = (file: string) => decodeNpy(readFileSync(join(folder, file)), file);

/** How well two partitions agree: 1 for the same one, about 0 for chance (Hubert & Arabie 1985). */
function adjustedRand(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [pairs, rows, columns] = [new Map<string, number>(), new Map<number, number>(), new Map<number, number>()];
  const add = <K>(counts: Map<K, number>, key: K): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  for (let i = 0; i < a.length; i++) {
    add(pairs, `${a[i]},${b[i]}`);
    add(rows, a[i]);
    add(columns, b[i]);
  }
  const couples = <K>(counts: Map<K, number>): number =>
    [...counts.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
  const [both, left, right] = [couples(pairs), couples(rows), couples(columns)];
  const expected = (left * right) / ((a.length * (a.length - 1)) / 2);
  return (both - expected) / ((left + right) / 2 - expected);
}

describe("SLIC", () => {
  it.each(cases)("makes scikit-image's segments: $picture, about $segments", ({ picture, segments, file }) => {
    const { dims, data } = npy(picture);
    const expected = Array.from(npy(file).data as ArrayLike<number>);
    const { labels, count } = slic(data as Uint8Array, dims[0], dims[1], segments);
    expect(count).toBe(Math.max(...new Set(expected)) + 1);
    // The very same labels; the power function of another processor may move a pixel at a border.
    expect(labels.reduce((wrong, label, i) => wrong + (label === expected[i] ? 0 : 1), 0)).toBeLessThanOrEqual(
      expected.length / 1000,
    );
    expect(adjustedRand(labels, expected)).toBeGreaterThan(0.99);
  });

  it("has references with several segments, of which shifted ones would not do", () => {
    const [{ file }] = cases.filter(({ segments }) => segments === 100);
    const expected = Array.from(npy(file).data as ArrayLike<number>);
    expect(new Set(expected).size).toBeGreaterThan(50);
    const shifted = expected.map((_, i) => expected[(i + 8) % expected.length]);
    expect(adjustedRand(shifted, expected)).toBeLessThan(0.7);
  });

  it("makes every segment one connected piece, numbered from 0", () => {
    const {
      dims: [height, width],
      data,
    } = npy("picture-astronaut.npy");
    const { labels, count } = slic(data as Uint8Array, height, width, 30);
    expect(new Set(labels)).toEqual(new Set(Array.from({ length: count }, (_, i) => i)));
    const seen = new Set<number>();
    const visited = new Uint8Array(labels.length);
    for (let start = 0; start < labels.length; start++) {
      if (visited[start]) continue;
      expect(seen.has(labels[start])).toBe(false);
      seen.add(labels[start]);
      for (const stack = [start]; stack.length > 0;) {
        const at = stack.pop()!;
        if (visited[at] || labels[at] !== labels[start]) continue;
        visited[at] = 1;
        if (at % width > 0) stack.push(at - 1);
        if ((at + 1) % width > 0) stack.push(at + 1);
        if (at >= width) stack.push(at - width);
        if (at + width < labels.length) stack.push(at + width);
      }
    }
  });

  it.each([
    [1, 1, 5],
    [1, 9, 3],
    [7, 1, 100],
    [5, 5, 1],
  ])("copes with %i×%i pixels and about %i segments", (height, width, segments) => {
    const { labels, count } = slic(
      Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 37) % 256),
      height,
      width,
      segments,
    );
    expect(labels.length).toBe(height * width);
    expect(Math.max(...labels)).toBeLessThan(count);
    expect(Math.min(...labels)).toBe(0);
  });
});
