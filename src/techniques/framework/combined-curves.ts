import type { CurveLine, CurvesArtifact } from "../../protocol/artifacts.ts";

/**
 * Several results' curves as one: values of lines over the same x, and numbers, by `combine`; clouds of points lie in
 * one.
 */
export function combinedCurves(
  parts: readonly CurvesArtifact[],
  combine: (values: readonly number[]) => number,
): CurvesArtifact {
  const [first] = parts;
  const lines = first.lines.flatMap(({ id }) => {
    const same = parts.flatMap((part) => part.lines.filter((line) => line.id === id));
    // A line that some lack (with signs, where a map has none) is left out.
    return same.length === parts.length ? [combinedLine(same, combine)] : [];
  });
  const numbers = first.numbers.map((number) => ({
    ...number,
    value: combine(parts.map((part) => part.numbers.find(({ id }) => id === number.id)?.value ?? NaN)),
  }));
  return { ...first, lines, numbers };
}

function combinedLine(lines: readonly CurveLine[], combine: (values: readonly number[]) => number): CurveLine {
  const [first] = lines;
  const summary = first.summary
    ? { summary: { ...first.summary, value: combine(lines.map((line) => line.summary?.value ?? NaN)) } }
    : {};
  const alike = lines.every(({ x }) => x.length === first.x.length && x.every((value, i) => value === first.x[i]));
  if (alike) return { ...first, ...summary, y: first.y.map((_, i) => combine(lines.map(({ y }) => y[i]))) };
  const points = lines
    .flatMap(({ x, y }) => Array.from(x, (value, i) => [value, y[i]] as const))
    .sort(([a], [b]) => a - b);
  return { ...first, ...summary, x: Float32Array.from(points, ([x]) => x), y: Float32Array.from(points, ([, y]) => y) };
}
