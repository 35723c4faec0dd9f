import { range, type Builder } from "../../builder.ts";
import { expanding, type RuleContext, type RuleTable } from "../../rule.ts";

/** Unrolled, a step is some twenty nodes: beyond this many steps a gradient graph would take minutes to make. */
const MOST_STEPS = 2000;

/** RNN, GRU and LSTM (ai.onnx 7, 14 and 22), step by step: the equations of the ONNX specification. */
export const recurrentRules: RuleTable = {
  RNN: expanding((r) => unroll(r, { gates: 1, activations: ["Tanh"], step: rnnStep })),
  GRU: expanding((r) => unroll(r, { gates: 3, activations: ["Sigmoid", "Tanh"], step: gruStep })),
  LSTM: expanding((r) => unroll(r, { gates: 4, activations: ["Sigmoid", "Tanh", "Tanh"], step: lstmStep })),
};

type Activation = (value: string) => string;

/** What one direction's steps share. Weights are transposed: [input, gates·hidden] and [hidden, gates·hidden]. */
interface Cell {
  readonly r: RuleContext;
  readonly hidden: number;
  readonly recurrent: string;
  /** The recurrent bias [gates·hidden], where it cannot be added up front (GRU with linear_before_reset). */
  readonly recurrentBias: string | undefined;
  /** LSTM's peepholes for the input, output and forget gates, [hidden] each. */
  readonly peepholes: readonly string[];
  readonly activations: readonly Activation[];
  readonly clip: Activation;
}

interface State {
  readonly h: string;
  readonly c: string | undefined;
}

interface Kind {
  readonly gates: number;
  readonly activations: readonly string[];
  /** From x·Wᵀ + biases [batch, gates·hidden] and the state to the next state. */
  readonly step: (cell: Cell, x: string, state: State) => State;
}

function unroll(r: RuleContext, kind: Kind): (string | undefined)[] {
  const { g } = r;
  const batchFirst = r.int("layout", 0) !== 0;
  const x = batchFirst ? g.transpose(r.x(0), [1, 0, 2]) : r.x(0);
  const [steps, batch] = g.shape(x);
  const directions = r.dims(1)[0];
  const hidden = r.dims(2)[2];
  if (steps * directions > MOST_STEPS)
    throw r.refuse(
      `it runs ${steps} steps in ${directions === 1 ? "one direction" : "two directions"}; up to ${MOST_STEPS} can be differentiated`,
    );
  const lengths = r.has(4) ? r.known(4) : undefined;
  if (r.has(4) && !lengths) throw r.refuse("its sequence lengths are not known");
  const runs = range(0, directions).map((direction) => {
    const reverse = direction === 1 || r.string("direction", "forward") === "reverse";
    return run(r, kind, { direction, reverse, x, steps, batch, hidden, lengths, batchFirst });
  });
  const stacked = (values: readonly string[], axis: number): string =>
    g.concat(
      values.map((value) => g.reshape(value, [...g.shape(value).slice(0, axis), 1, ...g.shape(value).slice(axis)])),
      axis,
    );
  const y = stacked(
    runs.map((run) => run.y),
    1,
  ); // [steps, directions, batch, hidden]
  const last = (values: readonly (string | undefined)[]): string | undefined =>
    values.some((value) => value === undefined) ? undefined : stacked(values as string[], batchFirst ? 1 : 0);
  return [
    batchFirst ? g.transpose(y, [2, 0, 1, 3]) : y,
    last(runs.map((run) => run.state.h)),
    last(runs.map((run) => run.state.c)),
  ];
}

interface Run {
  readonly direction: number;
  readonly reverse: boolean;
  readonly x: string;
  readonly steps: number;
  readonly batch: number;
  readonly hidden: number;
  readonly lengths: readonly number[] | undefined;
  readonly batchFirst: boolean;
}

/** One direction: its outputs [steps, batch, hidden] in the sequence's order, and its last state. */
function run(r: RuleContext, kind: Kind, run: Run): { y: string; state: State } {
  const { g } = r;
  const { direction, steps, batch, hidden, lengths } = run;
  const width = kind.gates * hidden;
  const own = (index: number): string => {
    const value = g.slice(r.x(index), 0, direction, direction + 1);
    return g.reshape(value, g.shape(value).slice(1));
  };
  const bias = r.has(3) ? own(3) : undefined;
  const apart = kind.gates === 3 && r.int("linear_before_reset", 0) !== 0;
  const recurrentBias = bias === undefined ? undefined : g.slice(bias, 0, width, 2 * width);
  let added = bias === undefined ? undefined : g.slice(bias, 0, 0, width);
  if (added !== undefined && recurrentBias !== undefined && !apart) added = g.plus(added, recurrentBias);
  const peepholes = r.has(7) ? range(0, 3).map((gate) => g.slice(own(7), 0, gate * hidden, (gate + 1) * hidden)) : [];
  const clip = r.float("clip", 0);
  const cell: Cell = {
    r,
    hidden,
    recurrent: g.transpose(own(2), [1, 0]),
    recurrentBias: apart ? recurrentBias : undefined,
    peepholes,
    activations: activationsOf(r, kind.activations, direction),
    clip:
      clip > 0 ? (value) => g.op("Clip", [value, g.scalar(-clip), g.scalar(clip)], g.shape(value)) : (value) => value,
  };
  const ordered = run.reverse ? reversed(g, run.x, lengths) : run.x;
  const product = g.matmul(ordered, g.transpose(own(1), [1, 0]));
  const projected = added === undefined ? product : g.plus(product, added);
  const initial = (index: number): string => {
    if (!r.has(index)) return g.zeros([batch, hidden]);
    const axis = run.batchFirst ? 1 : 0;
    return g.reshape(g.slice(r.x(index), axis, direction, direction + 1), [batch, hidden]);
  };
  let state: State = { h: initial(5), c: kind.gates === 4 ? initial(6) : undefined };
  const outputs = range(0, steps).map((step) => {
    const next = kind.step(cell, g.reshape(g.slice(projected, 0, step, step + 1), [batch, width]), state);
    const open = lengths?.map((length) => (step < length ? 1 : 0));
    if (!open || open.every((value) => value === 1)) state = next;
    else {
      // Past a sequence's end its state stays and its outputs are zero.
      const mask = g.op("Cast", [g.floats(open, [batch, 1])], [batch, 1], { to: 9 });
      state = {
        h: g.where(mask, next.h, state.h),
        c: next.c === undefined ? undefined : g.where(mask, next.c, state.c!),
      };
      return g.reshape(g.where(mask, next.h, g.scalar(0)), [1, batch, hidden]);
    }
    return g.reshape(next.h, [1, batch, hidden]);
  });
  const y = steps === 0 ? g.zeros([0, batch, hidden]) : g.concat(outputs, 0);
  return { y: run.reverse ? reversed(g, y, lengths) : y, state };
}

/** [steps, batch, n] with each sequence turned around within its own length. */
function reversed(g: Builder, value: string, lengths: readonly number[] | undefined): string {
  const [steps, batch, n] = g.shape(value);
  if (!lengths || lengths.every((length) => length === steps)) return g.gather(value, range(0, steps).reverse(), 0);
  const sources = range(0, steps).flatMap((step) =>
    lengths.map((length) => (step < length ? length - 1 - step : step)),
  );
  const indices = g.expand(g.intTensor(sources, [steps, batch, 1]), [steps, batch, n]);
  return g.op("GatherElements", [value, indices], [steps, batch, n], { axis: 0 });
}

function gatesOf({ r, hidden }: Cell, value: string): (index: number) => string {
  return (index) => r.g.slice(value, 1, index * hidden, (index + 1) * hidden);
}

/** H = f(x + h·Rᵀ) */
function rnnStep(cell: Cell, x: string, { h }: State): State {
  const { g } = cell.r;
  return { h: cell.activations[0](cell.clip(g.plus(x, g.matmul(h, cell.recurrent)))), c: undefined };
}

/**
 * z, r = f(x + h·Rᵀ); h̃ = g(x + (r ⊙ h)·Rᵀ), or g(x + r ⊙ (h·Rᵀ + b)) with linear_before_reset; H = (1 − z) ⊙ h̃ + z ⊙
 * h
 */
function gruStep(cell: Cell, x: string, { h }: State): State {
  const {
    r: { g },
    hidden,
    recurrentBias,
    activations: [f, own],
    clip,
  } = cell;
  const part = gatesOf(cell, x);
  const weights = (start: number, end: number): string => g.slice(cell.recurrent, 1, start * hidden, end * hidden);
  const bias = (start: number, end: number, value: string): string =>
    recurrentBias === undefined ? value : g.plus(value, g.slice(recurrentBias, 0, start * hidden, end * hidden));
  const zr = f(clip(g.plus(g.slice(x, 1, 0, 2 * hidden), bias(0, 2, g.matmul(h, weights(0, 2))))));
  const [z, reset] = [gatesOf(cell, zr)(0), gatesOf(cell, zr)(1)];
  const before = cell.r.int("linear_before_reset", 0) !== 0;
  const inner = before
    ? g.times(reset, bias(2, 3, g.matmul(h, weights(2, 3))))
    : g.matmul(g.times(reset, h), weights(2, 3));
  const candidate = own(clip(g.plus(part(2), inner)));
  return { h: g.plus(g.times(g.minus(g.scalar(1), z), candidate), g.times(z, h)), c: undefined };
}

/**
 * Gates in ONNX's order i, o, f, c; C = f ⊙ C + i ⊙ c̃, H = o ⊙ h(C). Peepholes look at the old C, the output gate's at
 * the new.
 */
function lstmStep(cell: Cell, x: string, { h, c }: State): State {
  const {
    r: { g },
    peepholes,
    activations: [f, own, out],
    clip,
  } = cell;
  const gate = gatesOf(cell, g.plus(x, g.matmul(h, cell.recurrent)));
  const peep = (index: number, value: string, state: string): string =>
    peepholes.length === 0 ? value : g.plus(value, g.times(peepholes[index], state));
  const input = f(clip(peep(0, gate(0), c!)));
  const forget = cell.r.int("input_forget", 0) !== 0 ? g.minus(g.scalar(1), input) : f(clip(peep(2, gate(2), c!)));
  const next = g.plus(g.times(forget, c!), g.times(input, own(clip(gate(3)))));
  const output = f(clip(peep(1, gate(1), next)));
  return { h: g.times(output, out(next)), c: next };
}

/** Defaults of activation_alpha and activation_beta (ONNX RNN-22). */
const ALPHA_BETA: Readonly<Record<string, readonly [number, number]>> = {
  affine: [1, 0],
  leakyrelu: [0.01, 0],
  thresholdedrelu: [1, 0],
  scaledtanh: [1, 1],
  hardsigmoid: [0.2, 0.5],
  elu: [1, 0],
};

function activationsOf(r: RuleContext, defaults: readonly string[], direction: number): Activation[] {
  const names = r.stringList("activations");
  const [alphas, betas] = [r.floatList("activation_alpha") ?? [], r.floatList("activation_beta") ?? []];
  const all = names && names.length > 0 ? names : [...defaults, ...defaults];
  // alpha and beta list values only for the activations that take them, in order.
  let [alphaAt, betaAt] = [0, 0];
  const made = all.map((name): Activation => {
    const lower = name.toLowerCase();
    const [alpha, beta] = ALPHA_BETA[lower] ?? [0, 0];
    const takesAlpha = lower in ALPHA_BETA;
    const takesBeta = lower === "affine" || lower === "scaledtanh" || lower === "hardsigmoid";
    return activation(
      r,
      lower,
      takesAlpha ? (alphas[alphaAt++] ?? alpha) : alpha,
      takesBeta ? (betas[betaAt++] ?? beta) : beta,
    );
  });
  const start = direction * defaults.length;
  return made.slice(start, start + defaults.length);
}

function activation(r: RuleContext, name: string, alpha: number, beta: number): Activation {
  const { g } = r;
  const withAlpha =
    (opType: string): Activation =>
    (value) =>
      g.op(opType, [value], g.shape(value), { alpha: { type: "float", value: alpha } });
  switch (name) {
    case "tanh":
      return (value) => g.unary("Tanh", value);
    case "sigmoid":
      return (value) => g.unary("Sigmoid", value);
    case "relu":
      return (value) => g.unary("Relu", value);
    case "softsign":
      return (value) => g.unary("Softsign", value);
    case "softplus":
      return (value) => g.unary("Softplus", value);
    case "leakyrelu":
      return withAlpha("LeakyRelu");
    case "thresholdedrelu":
      return withAlpha("ThresholdedRelu");
    case "elu":
      return withAlpha("Elu");
    case "affine":
      return (value) => g.offset(g.scale(value, alpha), beta);
    case "scaledtanh":
      return (value) => g.scale(g.unary("Tanh", g.scale(value, beta)), alpha);
    case "hardsigmoid":
      return (value) =>
        g.op("HardSigmoid", [value], g.shape(value), {
          alpha: { type: "float", value: alpha },
          beta: { type: "float", value: beta },
        });
    default:
      throw r.refuse(`its activation "${name}" has no rule`);
  }
}
