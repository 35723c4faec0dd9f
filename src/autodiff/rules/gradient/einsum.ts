import { range, type Dims } from "../../builder.ts";
import type { RuleContext, RuleTable } from "../../rule.ts";

/**
 * Einsum (ai.onnx 12): each operand's gradient is an Einsum of the output's gradient and the other operands. Ellipses
 * become letters; a letter twice in an operand takes its diagonal, so the gradient lies on the diagonal.
 */
export const einsumRules: RuleTable = {
  Einsum: (r) => {
    const { g } = r;
    const { operands, output } = parse(r);
    // Axes of length 1 that the ellipsis broadcasts have no letter: they are reshaped away.
    const values = operands.map(({ letters, dims }, index) => g.reshape(r.x(index), dims.slice(0, letters.length)));
    const dy = g.reshape(r.dy(), output.dims);
    const size = new Map<string, number>(
      [...operands, output].flatMap(({ letters, dims }) =>
        letters.map((letter, axis): [string, number] => [letter, dims[axis]]),
      ),
    );
    return operands.map(({ letters }, index) => {
      if (!r.needs(index)) return undefined;
      const once = [...new Set(letters)];
      const others = operands.flatMap((operand, other) =>
        other === index ? [] : [{ letters: operand.letters, value: values[other] }],
      );
      const available = new Set([...output.letters, ...others.flatMap((other) => other.letters)]);
      const found = once.filter((letter) => available.has(letter));
      const equation = `${[output.letters, ...others.map((other) => other.letters)].map((list) => list.join("")).join(",")}->${found.join("")}`;
      const sum = g.op(
        "Einsum",
        [dy, ...others.map(({ value }) => value)],
        found.map((letter) => size.get(letter)!),
        { equation },
      );
      // Letters that only this operand has were summed over: the same for all their places.
      const placed = g.reshape(
        sum,
        once.map((letter) => (available.has(letter) ? size.get(letter)! : 1)),
      );
      const whole = g.expand(
        placed,
        once.map((letter) => size.get(letter)!),
      );
      return g.reshape(onDiagonals(r, whole, once, letters, size), r.dims(index));
    });
  },
};

interface Operand {
  readonly letters: readonly string[];
  readonly dims: Dims;
}

/** The equation with its ellipses spelled out and the output made explicit. */
function parse(r: RuleContext): { operands: Operand[]; output: Operand } {
  const equation = r.string("equation", "").replace(/\s/g, "");
  const [left, right] = equation.split("->");
  const terms = left.split(",");
  const plain = new Set([...equation].filter((character) => /[a-z]/i.test(character)));
  const spare = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"].filter((letter) => !plain.has(letter));
  const reach = Math.max(
    0,
    ...terms.map((term, index) => (term.includes("...") ? r.dims(index).length - term.length + 3 : 0)),
  );
  // The rightmost axes under an ellipsis line up.
  const ellipsis = (rank: number): string[] => spare.slice(reach - rank, reach);
  const broadcast = new Map<string, number>();
  const spelled = terms.map((term, index) => {
    const rank = r.dims(index).length - term.length + 3;
    const letters = term.includes("...")
      ? [...term.slice(0, term.indexOf("...")), ...ellipsis(rank), ...term.slice(term.indexOf("...") + 3)]
      : [...term];
    letters.forEach((letter, axis) => broadcast.set(letter, Math.max(broadcast.get(letter) ?? 1, r.dims(index)[axis])));
    return letters;
  });
  const operands = spelled.map((letters, index) => {
    const kept = letters.flatMap((letter, axis) => (r.dims(index)[axis] === broadcast.get(letter) ? [axis] : []));
    return { letters: kept.map((axis) => letters[axis]), dims: kept.map((axis) => r.dims(index)[axis]) };
  });
  const counts = new Map<string, number>();
  for (const letter of spelled.flat()) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const implicit = [
    ...ellipsis(reach),
    ...[...counts]
      .filter(([letter, count]) => count === 1 && plain.has(letter))
      .map(([letter]) => letter)
      .sort(),
  ];
  const letters =
    right === undefined
      ? implicit
      : right.includes("...")
        ? [...right.slice(0, right.indexOf("...")), ...ellipsis(reach), ...right.slice(right.indexOf("...") + 3)]
        : [...right];
  return { operands, output: { letters, dims: r.outDims() } };
}

/** From one axis for each letter to one for each occurrence, zero off the diagonals. */
function onDiagonals(
  r: RuleContext,
  value: string,
  once: readonly string[],
  letters: readonly string[],
  size: ReadonlyMap<string, number>,
): string {
  if (once.length === letters.length) return value;
  const { g } = r;
  let result = g.reshape(
    value,
    letters.map((letter, axis) => (letters.indexOf(letter) === axis ? size.get(letter)! : 1)),
  );
  letters.forEach((letter, axis) => {
    const first = letters.indexOf(letter);
    if (first === axis) return;
    const n = size.get(letter)!;
    const eye = Float32Array.from({ length: n * n }, (_, index) => (index % (n + 1) === 0 ? 1 : 0));
    result = g.times(
      result,
      g.floats(
        eye,
        range(0, letters.length).map((other) => (other === first || other === axis ? n : 1)),
      ),
    );
  });
  return result;
}
