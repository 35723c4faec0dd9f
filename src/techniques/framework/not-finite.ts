import { nodeLabel, type DataType, type Node } from "../../model/graph.ts";

/** The numbers of a tensor. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** Why a node gives what is not finite: a clause, and what to do about it. */
export interface Cause {
  readonly why: string;
  readonly hint: string;
  /** Its inputs are infinite already: what made them is to blame. */
  readonly isConsequence?: boolean;
}

/** A node that gives what is not finite, with its inputs. */
export interface Broken {
  readonly node: Node;
  readonly type: DataType;
  readonly output: Numbers;
  readonly inputs: readonly (Numbers | undefined)[];
  readonly isConstant: (value: string) => boolean;
  readonly maker: (value: string) => Node | undefined;
}

/** The largest number of each float type. */
const LARGEST: Partial<Record<DataType, number>> = {
  float16: 65504,
  bfloat16: 3.39e38,
  float32: 3.4e38,
  float64: 1.79e308,
};
const WEIGHTS_HINT =
  "The file itself contains them: the model editor shows which tensors are not finite. Export the model again, or use an earlier checkpoint.";
const MASK_HINT = "Every query must attend to at least one key: check the attention mask and its padding.";
const INPUT_HINT =
  "Choose another input. If the model should handle this one, add a small epsilon or a clip at this node.";

/**
 * What is wrong with numbers: "NaN" before "infinite", since it is what cannot be undone; undefined where all are
 * finite.
 */
export function faultOf(data: ArrayLike<number>): "NaN" | "infinite" | undefined {
  let infinite = false;
  for (let at = 0; at < data.length; at++) {
    if (Number.isNaN(data[at])) return "NaN";
    infinite ||= !Number.isFinite(data[at]);
  }
  return infinite ? "infinite" : undefined;
}

/** "at [0, 2] (1 of 4 values)" */
function whereIn({ dims, data }: Numbers, is: (value: number) => boolean): string {
  const first = data.findIndex(is);
  const count = data.filter(is).length;
  return `at [${placeOf(first, dims).join(", ")}] (${count} of ${data.length} values)`;
}

/**
 * Why the first node that is not finite is not: its weights, a row that is closed, a function outside of its domain, or
 * numbers beyond the type's range.
 */
export function causeOf(broken: Broken): Cause {
  for (const find of [brokenConstant, closedRow, outsideDomain]) {
    const cause = find(broken);
    if (cause) return cause;
  }
  return beyondRange(broken);
}

function brokenConstant({ node, inputs, isConstant }: Broken): Cause | undefined {
  for (const [index, numbers] of inputs.entries()) {
    if (!numbers || !isConstant(node.inputs[index])) continue;
    const fault = faultOf(numbers.data);
    // A mask of −∞ is no fault.
    if (fault === "NaN" || numbers.data.includes(Infinity)) {
      return {
        why: `its weight "${node.inputs[index]}" holds ${fault === "NaN" ? "NaN" : "infinite values"} ${whereIn(numbers, fault === "NaN" ? Number.isNaN : (value) => value === Infinity)}`,
        hint: WEIGHTS_HINT,
      };
    }
  }
  return undefined;
}

/** A softmax of nothing but −∞, whole, taken apart or inside an attention operator. */
function closedRow({ node, inputs, output, maker }: Broken): Cause | undefined {
  if (!output.data.some(Number.isNaN)) return undefined;
  const said = (row: readonly number[]): Cause => ({
    why: `it is a fully masked attention row: the query [${row.join(", ")}] can attend to no key, all its scores are −∞`,
    hint: MASK_HINT,
  });
  const [x, second] = inputs;
  if (["Softmax", "LogSoftmax", "ReduceLogSumExp"].includes(node.opType) && x) {
    const row = closed(x, axisOf(node, x.dims.length));
    return row && said(row);
  }
  if (node.opType === "Sub" && x && maker(node.inputs[1])?.opType === "ReduceMax" && second) {
    const row = closed(x, x.dims.length - 1);
    return row && said(row);
  }
  if (/Attention$/.test(node.opType))
    for (const mask of inputs.slice(3)) {
      const row = mask && closed(mask, mask.dims.length - 1);
      if (row) return said(row);
    }
  return undefined;
}

/** Functions of one value, or of a value and a second one, that some values have no result for. */
const DOMAINS: Readonly<
  Record<string, readonly { readonly is: (x: number, second: number) => boolean; readonly what: string }[]>
> = {
  Log: [
    { is: (x) => x === 0, what: "it takes the logarithm of 0" },
    { is: (x) => x < 0, what: "it takes the logarithm of a negative number" },
  ],
  Sqrt: [{ is: (x) => x < 0, what: "it takes the square root of a negative number" }],
  Reciprocal: [{ is: (x) => x === 0, what: "it divides by 0" }],
  Div: [
    { is: (x, second) => x === 0 && second === 0, what: "it divides 0 by 0" },
    { is: (_, second) => second === 0, what: "it divides by 0" },
  ],
  Pow: [
    { is: (x, second) => x === 0 && second < 0, what: "it raises 0 to a negative power" },
    {
      is: (x, second) => x < 0 && !Number.isInteger(second),
      what: "it raises a negative number to a fractional power",
    },
  ],
  Acos: [{ is: (x) => Math.abs(x) > 1, what: "it takes the arc cosine of a number beyond 1" }],
  Asin: [{ is: (x) => Math.abs(x) > 1, what: "it takes the arc sine of a number beyond 1" }],
  Acosh: [{ is: (x) => x < 1, what: "it takes the inverse hyperbolic cosine of a number below 1" }],
  Atanh: [{ is: (x) => Math.abs(x) >= 1, what: "it takes the inverse hyperbolic tangent of 1 or beyond" }],
};

function outsideDomain({ node, inputs: [x, second], output }: Broken): Cause | undefined {
  const cases = node.domain === "" && Object.hasOwn(DOMAINS, node.opType) ? DOMAINS[node.opType] : undefined;
  if (x?.data.length === 0) return { why: "it takes a mean or similar of no values", hint: INPUT_HINT };
  if (!cases || !x) return undefined;
  // The second operand broadcasts: its element for each of the output's places.
  const at = (numbers: Numbers | undefined, place: readonly number[]): number =>
    numbers ? (numbers.data[flatOf(place, numbers.dims)] ?? NaN) : NaN;
  for (const { is, what } of cases) {
    const found = output.data.findIndex((value, index) => {
      if (Number.isFinite(value)) return false;
      const place = placeOf(index, output.dims);
      return is(at(x, place), at(second, place));
    });
    if (found >= 0) return { why: `${what} at [${placeOf(found, output.dims).join(", ")}]`, hint: INPUT_HINT };
  }
  return undefined;
}

function beyondRange({ type, inputs }: Broken): Cause {
  const given = inputs.filter((numbers) => numbers !== undefined);
  const largest = given.reduce(
    (most, { data }) => data.reduce((a, b) => (Number.isFinite(b) ? Math.max(a, Math.abs(b)) : a), most),
    0,
  );
  const infinite = given.some(({ data }) => data.some((value) => !Number.isFinite(value)));
  if (infinite)
    return {
      why: "its inputs are infinite",
      hint: "The model editor shows which tensors are not finite.",
      isConsequence: true,
    };
  const reduced = type === "float16";
  return {
    why: `its values exceed the range of ${type} (${LARGEST[type]?.toLocaleString("en-US", { maximumSignificantDigits: 5, notation: reduced ? "standard" : "scientific" }) ?? "its type"}), for inputs up to ${largest.toPrecision(4)}`,
    hint: reduced
      ? "Run the model in float32 or bfloat16, whose range is 10³³ times as large, or scale the input down."
      : "Scale the input down: is it normalised as the model was trained?",
  };
}

/** A row along `axis` that is −∞ throughout: its place, the other axes' indices. */
function closed({ dims, data }: Numbers, axis: number): readonly number[] | undefined {
  const size = dims[axis] ?? 0;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const rows = size === 0 ? 0 : data.length / size;
  for (let row = 0; row < rows; row++) {
    const start = Math.floor(row / inner) * size * inner + (row % inner);
    let all = true;
    for (let step = 0; step < size && all; step++) all = data[start + step * inner] === -Infinity;
    if (all) return placeOf(start, dims).filter((_, other) => other !== axis);
  }
  return undefined;
}

function axisOf(node: Node, rank: number): number {
  const axis = node.attributes.axis?.type === "int" ? node.attributes.axis.value : -1;
  return axis < 0 ? axis + rank : axis;
}

function placeOf(flat: number, dims: readonly number[]): number[] {
  const place: number[] = [];
  for (let axis = dims.length - 1, left = flat; axis >= 0; axis--) {
    place.unshift(left % dims[axis]);
    left = Math.floor(left / dims[axis]);
  }
  return place;
}

/** The element that broadcasts to a place. */
function flatOf(place: readonly number[], dims: readonly number[]): number {
  const own = place.slice(place.length - dims.length);
  return dims.reduce((flat, dim, axis) => flat * dim + (dim === 1 ? 0 : own[axis]), 0);
}

/** "MatMul_3 (MatMul)" */
export function named(node: Node): string {
  return `${nodeLabel(node)} (${node.opType})`;
}

/** Operators whose slope has no bound, by where: what a gradient that is not finite comes from. */
const STEEP: Readonly<Record<string, string>> = {
  Sqrt: "the derivative of a square root is infinite at 0",
  Pow: "the derivative of a power below 1 is infinite at 0",
  Log: "the derivative of a logarithm is infinite at 0",
  Reciprocal: "the derivative of 1/x is infinite at 0",
  Div: "the derivative of a quotient is unbounded near a denominator of 0",
  ReduceL2: "a norm has no derivative at 0",
  LpNormalization: "a norm has no derivative at 0",
  Acos: "the derivative of an arc cosine is infinite at ±1",
  Asin: "the derivative of an arc sine is infinite at ±1",
  Atanh: "its derivative is infinite at ±1",
  Acosh: "its derivative is infinite at 1",
};

/** What makes the gradient of a value infinite, by the operators that take it. */
export function steepness(consumers: readonly Node[]): string {
  const steep = consumers.find(({ opType, domain }) => domain === "" && Object.hasOwn(STEEP, opType));
  return steep ? ` It feeds ${named(steep)}: ${STEEP[steep.opType]}.` : "";
}
