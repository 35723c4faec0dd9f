import type { LayerDescription, ModelDescription } from "../protocol/model.ts";

/** The numbers of a constant (initializer or Constant node) by its name; undefined where it is none, or not small. */
export type ReadConstant = (name: string) => Promise<readonly number[] | undefined>;

export interface FrontNormalization {
  /** The nodes that do it: "Sub, Div". */
  readonly operators: readonly string[];
  /**
   * Values the graph itself expects: bytes from 0 to 255, or shares from 0 to 1; undefined where its constants were not
   * read.
   */
  readonly expects?: "bytes" | "unit";
}

const passing = new Set(["Cast", "Identity", "Transpose"]);

/**
 * A normalization that the graph does by itself, right behind an input: Sub, Add, Mul, Div by constants, or a
 * BatchNormalization, before any other operator. A lone Mul or Div (of the gate in a x·σ(x), say) does not count unless
 * its other operand is constant.
 */
export async function findFrontNormalization(
  description: ModelDescription,
  input: string,
  readConstant?: ReadConstant,
): Promise<FrontNormalization | undefined> {
  const made = new Set(description.layers.flatMap((layer) => layer.outputs));
  const graphInputs = new Set(description.inputs.map((one) => one.name));
  const isConstant = (name: string): boolean => name !== "" && !made.has(name) && !graphInputs.has(name);
  const operators: string[] = [];
  // What becomes of a value x: slope · x + offset, of the first channel. Enough to tell bytes from shares.
  let slope = 1;
  let offset = 0;
  let known = readConstant !== undefined;
  let value = input;
  // Each value once: a damaged file may go round in circles.
  for (const seen = new Set<string>(); !seen.has(value);) {
    seen.add(value);
    const consumers = description.layers.filter((layer) => layer.inputs.includes(value));
    const layer: LayerDescription | undefined = consumers.length === 1 ? consumers[0] : undefined;
    if (!layer || layer.domain !== "") break;
    if (passing.has(layer.operator)) {
      value = layer.outputs[0];
      continue;
    }
    const others = layer.inputs.filter((name) => name !== value);
    if (!Object.hasOwn(STEPS, layer.operator) || others.length === 0 || !others.every(isConstant)) break;
    operators.push(layer.operator);
    const constants = known && readConstant ? await Promise.all(others.map(readConstant)) : [];
    const firsts = constants.map((numbers) => numbers?.[0]).filter((first) => first !== undefined);
    known &&= firsts.length === others.length;
    if (known) [slope, offset] = STEPS[layer.operator](slope, offset, firsts, layer.inputs[0] === value);
    value = layer.outputs[0];
  }
  if (operators.length === 0) return undefined;
  // The value that becomes zero lies inside the range of what is expected; a plain scaling maps its largest value to
  // about one.
  const shifts = operators.some((operator) => operator !== "Mul" && operator !== "Div");
  const bytes = shifts ? Math.abs(offset / slope) > 2 : Math.abs(slope) < 0.1;
  return {
    operators,
    expects: known && slope !== 0 && Number.isFinite(offset) ? (bytes ? "bytes" : "unit") : undefined,
  };
}

/** What becomes of slope · x + offset by an operator with these constants; `first`: x is its first operand. */
type Step = (slope: number, offset: number, constants: readonly number[], first: boolean) => [number, number];

const STEPS: Readonly<Record<string, Step>> = {
  Add: (slope, offset, [c]) => [slope, offset + c],
  Sub: (slope, offset, [c], first) => (first ? [slope, offset - c] : [-slope, c - offset]),
  Mul: (slope, offset, [c]) => [slope * c, offset * c],
  Div: (slope, offset, [c], first) => (first ? [slope / c, offset / c] : [NaN, NaN]),
  BatchNormalization: (slope, offset, [scale, bias, mean, variance]) => {
    const factor = scale / Math.sqrt(variance + 1e-5);
    return [slope * factor, (offset - mean) * factor + bias];
  },
};
