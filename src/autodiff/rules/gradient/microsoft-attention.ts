import { range, type Builder } from "../../builder.ts";
import { expanding, type RuleContext, type RuleTable } from "../../rule.ts";
import { causalBias, gatherRows, joinHeads, repeatHeads, rotate, splitHeads } from "./attention.ts";

/** What stands for −∞ in masks, by default (mask_filter_value). */
const FILTER = -10000;

/** com.microsoft's attention operators (ONNX Runtime, docs/ContribOperators.md). */
export const microsoftAttentionRules: RuleTable = {
  "com.microsoft.Attention": expanding((r) =>
    attention(r, { input: r.x(0), weights: r.x(1), mask: 3, past: 4, bias: 5 }),
  ),
  "com.microsoft.MultiHeadAttention": expanding(multiHeadAttention),
  "com.microsoft.GroupQueryAttention": expanding(groupQueryAttention),
  "com.microsoft.RotaryEmbedding": expanding((r) => {
    const { g } = r;
    const dims = r.dims();
    const [cosCache, sinCache] = [r.x(2), r.x(3)];
    const part = r.int("rotary_embedding_dim", 0);
    const heads = dims.length === 4 ? dims[1] : r.int("num_heads", 0) || dims[2] / (2 * r.dims(2)[1]);
    const x =
      dims.length === 4
        ? g.transpose(r.x(), [0, 2, 1, 3])
        : g.reshape(r.x(), [dims[0], dims[1], heads, dims[2] / heads]);
    const [cos, sin] = [cosCache, sinCache].map((cache) =>
      gatherRows(g, cache, positions(r, 1, dims[0], g.shape(x)[1])),
    );
    const turned = rotate(g, x, cos, sin, { interleaved: r.int("interleaved", 0) !== 0, part });
    return [dims.length === 4 ? g.transpose(turned, [0, 2, 1, 3]) : g.reshape(turned, dims)];
  }),
};

/** Position ids [batch, sequence], given so or as the first one's. */
function positions(r: RuleContext, index: number, batch: number, sequence: number): string {
  if (r.dims(index).length === 2) return r.x(index);
  const steps = r.g.intTensor(range(0, sequence), [1, sequence]);
  return r.g.expand(r.g.binary("Add", steps, r.g.reshape(r.x(index), [1, 1])), [batch, sequence]);
}

interface Core {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly scale: number;
  readonly bias: readonly string[];
  readonly softcap?: number;
}

/** softmax(q·kᵀ·scale + biases)·v for [batch, heads, sequence, size]. */
function core(g: Builder, { q, k, v, scale, bias, softcap = 0 }: Core): string {
  let scores = g.scale(g.matmul(q, g.transpose(k, [0, 1, 3, 2])), scale);
  if (softcap > 0) scores = g.scale(g.unary("Tanh", g.scale(scores, 1 / softcap)), softcap);
  for (const part of bias) scores = g.plus(scores, part);
  return g.matmul(g.op("Softmax", [scores], g.shape(scores), { axis: 3 }), v);
}

function scaleOf(r: RuleContext, size: number): number {
  const given = r.float("scale", 0);
  return given === 0 ? 1 / Math.sqrt(size) : given;
}

/** Where Attention and its quantised kin have what: real numbers, and the places of other inputs (-1: none). */
export interface AttentionInputs {
  readonly input: string;
  readonly weights: string;
  readonly mask: number;
  readonly past: number;
  readonly bias: number;
}

/** Input [B, S, D] times weights [D, q + k + v] plus bias (input 2); masks, past [2, B, N, P, H], one direction. */
export function attention(
  r: RuleContext,
  { input, weights, mask, past: before, bias: added }: AttentionInputs,
): (string | undefined)[] {
  const { g } = r;
  if (r.int("do_rotary", 0) !== 0) throw r.refuse("do_rotary has no rule");
  const heads = r.int("num_heads", 1);
  const width = r.dims(1)[1];
  const [batch, sequence] = r.dims(0);
  const sizes = r.intList("qkv_hidden_sizes") ?? [width / 3, width / 3, width / 3];
  const product = g.matmul(input, weights);
  const projected = r.has(2) ? g.plus(product, r.x(2)) : product;
  const starts = [0, sizes[0], sizes[0] + sizes[1]];
  const [q, ownK, ownV] = sizes.map((size, index) =>
    splitHeads(g, g.slice(projected, 2, starts[index], starts[index] + size), heads),
  );
  const past = (index: number): string => g.reshape(g.slice(r.x(before), 0, index, index + 1), r.dims(before).slice(1));
  const [k, v] = r.has(before) ? [g.concat([past(0), ownK], 2), g.concat([past(1), ownV], 2)] : [ownK, ownV];
  const keys = g.shape(k)[2];
  const bias = r.has(added) ? [r.x(added)] : [];
  if (r.has(mask)) bias.push(maskBias(r, mask, batch, keys));
  if (r.int("unidirectional", 0) !== 0) bias.push(causalBias(g, sequence, keys, keys - sequence));
  const y = joinHeads(g, core(g, { q, k, v, scale: scaleOf(r, sizes[0] / heads), bias }));
  const present = (value: string): string => g.reshape(value, [1, ...g.shape(value)]);
  return [y, g.concat([present(k), present(v)], 0)];
}

/** A key padding mask as a bias: lengths [B], starts and ends [2B], or ones and zeros [B, keys] and with more axes. */
function maskBias(r: RuleContext, index: number, batch: number, keys: number): string {
  const { g } = r;
  const dims = r.dims(index);
  const filter = r.float("mask_filter_value", FILTER);
  const steps = g.intTensor(range(0, keys), [1, keys]);
  const bias = (allowed: string, shape: number[]): string =>
    g.reshape(g.where(allowed, g.scalar(0), g.scalar(filter)), shape);
  const whole = (value: string): string => g.op("Cast", [value], g.shape(value), { to: 7 });
  if (dims.length === 1) {
    const ends = g.reshape(g.slice(whole(r.x(index)), 0, 0, batch), [batch, 1]);
    let allowed = g.binary("Less", steps, ends);
    if (dims[0] === 2 * batch)
      allowed = g.op(
        "And",
        [
          allowed,
          g.binary("GreaterOrEqual", steps, g.reshape(g.slice(whole(r.x(index)), 0, batch, 2 * batch), [batch, 1])),
        ],
        [batch, keys],
      );
    return bias(allowed, [batch, 1, 1, keys]);
  }
  const allowed = g.binary("Greater", whole(r.x(index)), g.intTensor([0], []));
  if (dims.length === 2) return bias(allowed, [batch, 1, 1, keys]);
  if (dims.length === 3) return bias(allowed, [batch, 1, dims[1], keys]);
  throw r.refuse("its mask of four axes has no rule");
}

/** Query [B, S, D] or packed [B, S, N, 3, H]; key and value [B, L, D], packed [B, L, N, 2, H], or [B, N, L, H]. */
function multiHeadAttention(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const heads = r.int("num_heads", 1);
  const unpack = (index: number, place: number): string => {
    const [batch, sequence, , , size] = r.dims(index);
    return g.transpose(
      g.reshape(g.slice(r.x(index), 3, place, place + 1), [batch, sequence, heads, size]),
      [0, 2, 1, 3],
    );
  };
  let bias = r.has(3) ? r.x(3) : undefined;
  let start = 0;
  // The bias [q + k + v] is added before the heads are split.
  const split = (index: number): string => {
    const dims = r.dims(index);
    if (dims.length === 4) return r.x(index);
    const width = dims[2];
    const added = bias === undefined ? r.x(index) : g.plus(r.x(index), g.slice(bias, 0, start, start + width));
    start += width;
    return splitHeads(g, added, heads);
  };
  let q: string, ownK: string, ownV: string;
  if (r.dims(0).length === 5) {
    [q, ownK, ownV] = [0, 1, 2].map((place) => unpack(0, place));
    bias = undefined;
  } else {
    q = split(0);
    if (r.dims(1).length === 5) [ownK, ownV] = [unpack(1, 0), unpack(1, 1)];
    else [ownK, ownV] = [split(1), split(2)];
  }
  const k = r.has(6) ? g.concat([r.x(6), ownK], 2) : ownK;
  const v = r.has(7) ? g.concat([r.x(7), ownV], 2) : ownV;
  const [batch, , queries, size] = g.shape(q);
  const keys = g.shape(k)[2];
  const biases = r.has(5) ? [r.x(5)] : [];
  if (r.has(4)) biases.push(maskBias(r, 4, batch, keys));
  if (r.int("unidirectional", 0) !== 0) biases.push(causalBias(g, queries, keys, keys - queries));
  return [joinHeads(g, core(g, { q, k, v, scale: scaleOf(r, size), bias: biases })), k, v];
}

/**
 * Attention with fewer key than query heads, a past, rotary positions and a window (decoders). Samples of other lengths
 * are taken one by one.
 */
function groupQueryAttention(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  for (const [index, what] of UNKNOWN_INPUTS) if (r.has(index)) throw r.refuse(`${what} have no rule`);
  if (r.int("smooth_softmax", 0) !== 0) throw r.refuse("smooth_softmax has no rule");
  const [heads, keyHeads] = [r.int("num_heads", 1), r.int("kv_num_heads", 1)];
  const [batch, sequence, width] = r.dims(0);
  const packed = !r.has(1);
  const size = packed ? width / (heads + 2 * keyHeads) : width / heads;
  const part = (start: number, count: number): string =>
    splitHeads(g, g.slice(r.x(0), 2, start * size, (start + count) * size), count);
  const q = packed ? part(0, heads) : splitHeads(g, r.x(0), heads);
  const k = packed ? part(heads, keyHeads) : splitHeads(g, r.x(1), keyHeads);
  const v = packed ? part(heads + keyHeads, keyHeads) : splitHeads(g, r.x(2), keyHeads);
  // seqlens_k is each sample's number of keys less one; the past is what was there before these.
  const lengths = r.known(5)?.map((length) => length + 1);
  if (!lengths) throw r.refuse("its sequence lengths are not known");
  // At the start shorter samples are filled up behind; later they differ by their pasts.
  const starts = r.known(6)?.[0] === sequence;
  const alike = lengths.every((length) => length === lengths[0]);
  const parts = (alike ? [range(0, batch)] : range(0, batch).map((sample) => [sample])).map((samples) => {
    const keys = lengths[samples[0]];
    const first = starts ? 0 : keys - sequence;
    if (first < 0) throw r.refuse("its past has a negative length");
    return groupQuerySamples(r, {
      q,
      k,
      v,
      from: samples[0],
      to: samples[samples.length - 1] + 1,
      keys,
      first,
      heads,
      size,
    });
  });
  const whole = parts[0];
  const present = (value: string, index: number): string | undefined => {
    if (!r.flows(index)) return undefined;
    if (!alike || r.outDims(index)[2] !== lengths[0])
      throw r.refuse("present values of another length than the keys have no rule");
    return value;
  };
  return [
    joinHeads(
      g,
      g.concat(
        parts.map(({ y }) => y),
        0,
      ),
    ),
    present(whole.k, 1),
    present(whole.v, 2),
  ];
}

/** Inputs that decoders of some kinds have, and that nothing here knows. */
const UNKNOWN_INPUTS: readonly (readonly [number, string])[] = [
  [11, "attention sinks"],
  [12, "quantised past values"],
  [14, "norms of queries and keys"],
  [16, "query lengths"],
];

interface Samples {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly from: number;
  readonly to: number;
  /** How many keys there are, and how many of them are past. */
  readonly keys: number;
  readonly first: number;
  readonly heads: number;
  readonly size: number;
}

/**
 * The samples [from, to), which have as many keys: their outputs [to − from, heads, sequence, size], keys and values.
 */
function groupQuerySamples(
  r: RuleContext,
  { q: allQ, k: allK, v: allV, from, to, keys, first, heads, size }: Samples,
): { y: string; k: string; v: string } {
  const { g } = r;
  const own = (value: string): string => g.slice(value, 0, from, to);
  let [q, k, v] = [own(allQ), own(allK), own(allV)];
  const sequence = g.shape(q)[2];
  if (r.int("do_rotary", 0) !== 0) {
    const rows = (index: number): string =>
      r.has(9) ? gatherRows(g, r.x(index), own(r.x(9))) : g.slice(r.x(index), 0, first, first + sequence);
    const turn = (value: string): string =>
      g.transpose(
        rotate(g, g.transpose(value, [0, 2, 1, 3]), rows(7), rows(8), {
          interleaved: r.int("rotary_interleaved", 0) !== 0,
          part: 2 * r.dims(7)[1],
        }),
        [0, 2, 1, 3],
      );
    [q, k] = [turn(q), turn(k)];
  }
  if (first > 0)
    [k, v] = [g.concat([g.slice(own(r.x(3)), 2, 0, first), k], 2), g.concat([g.slice(own(r.x(4)), 2, 0, first), v], 2)];
  [k, v] = [g.slice(k, 2, 0, keys), g.slice(v, 2, 0, keys)];
  const window = r.int("local_window_size", -1);
  const bias =
    r.int("causal", 1) === 0
      ? []
      : [g.reshape(causalBias(g, sequence, keys, first, window > 0 ? window - 1 : Infinity), [1, 1, sequence, keys])];
  if (r.has(10)) bias.push(g.slice(r.dims(10)[0] === 1 ? r.x(10) : own(r.x(10)), 3, 0, keys));
  const y = core(g, {
    q,
    k: repeatHeads(g, k, heads),
    v: repeatHeads(g, v, heads),
    scale: scaleOf(r, size),
    bias,
    softcap: r.float("softcap", 0),
  });
  return { y, k, v };
}
