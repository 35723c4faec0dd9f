import type { Attribute, DataType, Node, TensorRef } from "../model/graph.ts";
import { elementCount, sameNumbers } from "../model/graph.ts";
import { madeTypes } from "./made-types.ts";

export type Dims = readonly number[];

/** The opset that specialised and derived graphs are written in; a model's own where it is newer. */
export const CANONICAL_OPSET = 21;

/** Attribute values as one writes them; `attributes()` gives them their ONNX types. Floats need `float()`. */
export type AttributeValue = number | string | readonly number[] | Attribute;

/**
 * Collects the nodes of a graph whose shapes are all known. Methods give the name of the value they make; `shape` tells
 * the shape of any value made or declared. Everything that flows is float32; integer constants are int64. Operators are
 * those of opset 21, where axes are inputs.
 */
export class Builder {
  readonly nodes: Node[] = [];
  readonly initializers: TensorRef[] = [];
  private readonly shapes = new Map<string, Dims>();
  private readonly constants = new Map<string, string>();
  private readonly numbers = new Map<string, readonly number[]>();
  private readonly types = new Map<string, DataType>();
  private readonly taken: Set<string>;
  private count = 0;

  constructor(
    taken: Iterable<string> = [],
    private readonly prefix = "loupe",
  ) {
    this.taken = new Set(taken);
  }

  /** A copy that grows on its own. */
  fork(): Builder {
    const copy = new Builder(this.taken, this.prefix);
    copy.nodes.push(...this.nodes);
    copy.initializers.push(...this.initializers);
    for (const [name, dims] of this.shapes) copy.shapes.set(name, dims);
    for (const [key, name] of this.constants) copy.constants.set(key, name);
    for (const [name, numbers] of this.numbers) copy.numbers.set(name, numbers);
    for (const [name, type] of this.types) copy.types.set(name, type);
    copy.count = this.count;
    return copy;
  }

  declare(name: string, dims: Dims): void {
    this.taken.add(name);
    this.shapes.set(name, dims);
  }

  shape(name: string): Dims {
    const dims = this.shapes.get(name);
    if (!dims) throw new Error(`The shape of value "${name}" is not known.`);
    return dims;
  }

  /** The type of a value that was made here and is not float32; undefined for others, and for declared ones. */
  typeOf(name: string): DataType | undefined {
    return this.types.get(name);
  }

  /** Says the type of a declared value that is not float32, so that what is made from it has it too. */
  declareType(name: string, type: DataType): void {
    this.types.set(name, type);
  }

  has(name: string): boolean {
    return this.shapes.has(name);
  }

  /** A name that no value of the graph has. */
  fresh(hint: string): string {
    let name: string;
    do name = `${this.prefix}.${this.count++}.${hint}`;
    while (this.taken.has(name));
    this.taken.add(name);
    return name;
  }

  /** Adds a node as it is; its outputs' shapes must be declared by the caller. */
  add(node: Node): void {
    this.nodes.push(node);
  }

  /** Adds a node with one output of shape `dims`. */
  op(
    opType: string,
    inputs: readonly string[],
    dims: Dims,
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = "",
  ): string {
    return this.ops(opType, inputs, [dims], attributes, domain)[0];
  }

  /** Adds a node with an output for each of `outputDims`; undefined leaves an optional output out. */
  ops(
    opType: string,
    inputs: readonly string[],
    outputDims: readonly (Dims | undefined)[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = "",
  ): string[] {
    const types = madeTypes(
      opType,
      inputs.map((input) => this.types.get(input)),
      attributes,
    );
    const outputs = outputDims.map((dims, index) => {
      if (!dims) return "";
      const name = this.fresh(opType);
      this.shapes.set(name, dims);
      const type = types[Math.min(index, types.length - 1)];
      if (type && type !== "float32") this.types.set(name, type);
      return name;
    });
    this.nodes.push({ name: "", opType, domain, inputs: trimmed(inputs), outputs, attributes: typed(attributes) });
    return outputs;
  }

  // Constants

  /** A float32 constant; equal ones are shared when small. */
  floats(values: ArrayLike<number>, dims: Dims): string {
    const data = Float32Array.from(values);
    const name = this.constant("float32", dims, new Uint8Array(data.buffer));
    if (data.length <= 64) this.numbers.set(name, Array.from(data));
    return name;
  }

  scalar(value: number): string {
    return this.floats([value], []);
  }

  zeros(dims: Dims): string {
    return elementCount(dims) <= 64
      ? this.floats(new Float32Array(elementCount(dims)), dims)
      : this.expand(this.scalar(0), dims);
  }

  /** A 1-D int64 constant. */
  ints(values: readonly number[]): string {
    return this.intTensor(values, [values.length]);
  }

  intTensor(values: ArrayLike<number>, dims: Dims): string {
    const data = BigInt64Array.from(Array.from(values, (value) => clampInt64(value)));
    const name = this.constant("int64", dims, new Uint8Array(data.buffer));
    this.numbers.set(name, Array.from(values));
    return name;
  }

  /** The elements of a constant that was made here from integers, or of a few floats. */
  known(name: string): readonly number[] | undefined {
    return this.numbers.get(name);
  }

  constant(dataType: DataType, dims: Dims, bytes: Uint8Array): string {
    const key =
      bytes.length <= 4096
        ? `${dataType}[${dims.join()}]${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")}`
        : undefined;
    const known = key === undefined ? undefined : this.constants.get(key);
    if (known !== undefined) return known;
    const name = this.fresh("constant");
    this.initializers.push({ name, dataType, dims, storage: { kind: "bytes", bytes } });
    this.shapes.set(name, dims);
    if (dataType !== "float32") this.types.set(name, dataType);
    if (key !== undefined) this.constants.set(key, name);
    return name;
  }

  // Elementwise, with broadcasting

  plus(a: string, b: string): string {
    return this.binary("Add", a, b);
  }
  minus(a: string, b: string): string {
    return this.binary("Sub", a, b);
  }
  times(a: string, b: string): string {
    return this.binary("Mul", a, b);
  }
  over(a: string, b: string): string {
    return this.binary("Div", a, b);
  }
  power(a: string, exponent: number): string {
    return exponent === 1 ? a : this.binary("Pow", a, this.scalar(exponent));
  }
  scale(a: string, factor: number): string {
    if (factor === 1) return a;
    return factor === -1 ? this.unary("Neg", a) : this.times(a, this.scalar(factor));
  }
  offset(a: string, amount: number): string {
    return amount === 0 ? a : this.plus(a, this.scalar(amount));
  }
  binary(opType: string, a: string, b: string): string {
    return this.op(opType, [a, b], broadcast(this.shape(a), this.shape(b)));
  }
  unary(opType: string, a: string): string {
    return this.op(opType, [a], this.shape(a));
  }
  /** 1 where the comparison holds, else 0, as floats. */
  indicator(comparison: "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Equal", a: string, b: string): string {
    const mask = this.binary(comparison, a, b);
    return this.op("Cast", [mask], this.shape(mask), { to: 1 });
  }
  where(condition: string, a: string, b: string): string {
    const dims = broadcast(broadcast(this.shape(condition), this.shape(a)), this.shape(b));
    return this.op("Where", [condition, a, b], dims);
  }

  // Shapes

  reshape(a: string, dims: Dims): string {
    return sameNumbers(this.shape(a), dims) ? a : this.op("Reshape", [a, this.ints(dims)], dims, { allowzero: 1 });
  }
  expand(a: string, dims: Dims): string {
    return sameNumbers(this.shape(a), dims) ? a : this.op("Expand", [a, this.ints(dims)], dims);
  }
  transpose(a: string, perm: Dims): string {
    if (perm.every((axis, index) => axis === index)) return a;
    const dims = this.shape(a);
    return this.op(
      "Transpose",
      [a],
      perm.map((axis) => dims[axis]),
      { perm },
    );
  }
  /** Sum over `axes`, which stay as 1 unless `keep` is false. */
  sum(a: string, axes: Dims, keep = true): string {
    return this.reduce("ReduceSum", a, axes, keep);
  }
  mean(a: string, axes: Dims, keep = true): string {
    return this.reduce("ReduceMean", a, axes, keep);
  }
  reduce(opType: string, a: string, axes: Dims, keep = true): string {
    if (axes.length === 0) return a;
    const dims = this.shape(a);
    const reduced = keep
      ? dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
      : dims.filter((_, axis) => !axes.includes(axis));
    return this.op(opType, [a, this.ints(axes)], reduced, { keepdims: keep ? 1 : 0 });
  }
  /** The adjoint of broadcasting: sums `a` over the axes along which a value of shape `dims` was repeated. */
  sumTo(a: string, dims: Dims): string {
    const from = this.shape(a);
    if (sameNumbers(from, dims)) return a;
    const lead = from.length - dims.length;
    const axes = from
      .map((_, axis) => axis)
      .filter((axis) => axis < lead || (dims[axis - lead] === 1 && from[axis] !== 1));
    const summed = this.sum(a, axes);
    return this.reshape(summed, dims);
  }
  concat(values: readonly string[], axis: number): string {
    if (values.length === 1) return values[0];
    const dims = [...this.shape(values[0])];
    dims[axis] = values.reduce((total, value) => total + this.shape(value)[axis], 0);
    return this.op("Concat", values, dims, { axis });
  }
  /** [start, end) along one axis. */
  slice(a: string, axis: number, start: number, end: number): string {
    const dims = [...this.shape(a)];
    if (start === 0 && end === dims[axis]) return a;
    dims[axis] = end - start;
    return this.op("Slice", [a, this.ints([start]), this.ints([end]), this.ints([axis])], dims);
  }
  /** Adds zeros; negative amounts cut. */
  pad(a: string, before: Dims, after: Dims): string {
    if ([...before, ...after].every((amount) => amount === 0)) return a;
    const dims = this.shape(a).map((dim, axis) => dim + before[axis] + after[axis]);
    return this.op("Pad", [a, this.ints([...before, ...after])], dims, { mode: "constant" });
  }
  gather(a: string, indices: readonly number[], axis: number): string {
    const dims = [...this.shape(a)];
    dims[axis] = indices.length;
    return this.op("Gather", [a, this.ints(indices)], dims, { axis });
  }
  /** Matrix product with numpy's broadcasting, both of rank 2 or more. */
  matmul(a: string, b: string): string {
    const [x, y] = [this.shape(a), this.shape(b)];
    const batch = broadcast(x.slice(0, -2), y.slice(0, -2));
    return this.op("MatMul", [a, b], [...batch, x[x.length - 2], y[y.length - 1]]);
  }
}

/** numpy's broadcasting of two shapes. */
export function broadcast(a: Dims, b: Dims): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const x = a[a.length - rank + index] ?? 1;
    const y = b[b.length - rank + index] ?? 1;
    return x === 1 ? y : x;
  });
}

export function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
}

export function float(value: number): Attribute {
  return { type: "float", value };
}

function typed(attributes: Readonly<Record<string, AttributeValue>>): Record<string, Attribute> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, typedAttribute(value)]));
}

function typedAttribute(value: AttributeValue): Attribute {
  if (typeof value === "number") return { type: "int", value };
  if (typeof value === "string") return { type: "string", value };
  if (Array.isArray(value)) return { type: "ints", value: value as readonly number[] };
  return value as Attribute;
}

/** Trailing omitted inputs are left out, as ONNX wants it. */
function trimmed(inputs: readonly string[]): readonly string[] {
  let length = inputs.length;
  while (length > 0 && inputs[length - 1] === "") length--;
  return inputs.slice(0, length);
}

function clampInt64(value: number): bigint {
  if (value >= 2 ** 63) return 2n ** 63n - 1n;
  if (value <= -(2 ** 63)) return -(2n ** 63n);
  return BigInt(value);
}
