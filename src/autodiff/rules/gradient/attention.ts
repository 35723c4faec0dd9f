import { range, type Builder } from "../../builder.ts";
import { expanding, type RuleContext, type RuleTable } from "../../rule.ts";

/** Attention (ai.onnx 23 and 24), RotaryEmbedding (23), and what they share with com.microsoft's. */
export const attentionRules: RuleTable = {
  Attention: expanding(attention),
  RotaryEmbedding: expanding((r) => {
    const [cos, sin] = r.has(3) ? [1, 2].map((index) => gatherRows(r.g, r.x(index), r.x(3))) : [r.x(1), r.x(2)];
    const dims = r.dims();
    const heads =
      dims.length === 4
        ? r.g.transpose(r.x(), [0, 2, 1, 3])
        : r.g.reshape(r.x(), [dims[0], dims[1], r.int("num_heads", 1), dims[2] / r.int("num_heads", 1)]);
    const turned = rotate(r.g, heads, cos, sin, {
      interleaved: r.int("interleaved", 0) !== 0,
      part: r.int("rotary_embedding_dim", 0),
    });
    return [dims.length === 4 ? r.g.transpose(turned, [0, 2, 1, 3]) : r.g.reshape(turned, dims)];
  }),
};

/** Rows of a table [positions, n] at integer indices [...]: [..., n]. */
export function gatherRows(g: Builder, table: string, indices: string): string {
  return g.op("Gather", [table, indices], [...g.shape(indices), ...g.shape(table).slice(1)], { axis: 0 });
}

/**
 * Turns pairs of channels of `x` [batch, sequence, heads, size] by angles given as cosines and sines [batch or 1,
 * sequence, half]: the first half with the second, or neighbours where interleaved. Only the first `part` channels
 * where it is not 0.
 */
export function rotate(
  g: Builder,
  x: string,
  cos: string,
  sin: string,
  { interleaved, part }: { interleaved: boolean; part: number },
): string {
  const [batch, sequence, heads, size] = g.shape(x);
  const turned = part === 0 ? size : part;
  const half = turned / 2;
  const front = g.slice(x, 3, 0, turned);
  const wide = (value: string): string => {
    const dims = g.shape(value);
    return g.slice(
      g.reshape(value, [...(dims.length === 2 ? [1] : []), ...dims.slice(0, -1), 1, dims[dims.length - 1]]),
      3,
      0,
      half,
    );
  };
  const split = interleaved ? g.reshape(front, [batch, sequence, heads, half, 2]) : front;
  const axis = interleaved ? 4 : 3;
  const piece = (index: number): string =>
    g.reshape(g.slice(split, axis, index * (interleaved ? 1 : half), (index + 1) * (interleaved ? 1 : half)), [
      batch,
      sequence,
      heads,
      half,
    ]);
  const [a, b] = [piece(0), piece(1)];
  const [c, s] = [wide(cos), wide(sin)];
  const real = g.minus(g.times(c, a), g.times(s, b));
  const imaginary = g.plus(g.times(s, a), g.times(c, b));
  const joined = interleaved
    ? g.reshape(
        g.concat(
          [real, imaginary].map((value) => g.reshape(value, [batch, sequence, heads, half, 1])),
          4,
        ),
        [batch, sequence, heads, turned],
      )
    : g.concat([real, imaginary], 3);
  return turned === size ? joined : g.concat([joined, g.slice(x, 3, turned, size)], 3);
}

/** Key and value heads repeated so that each query head has one. [batch, heads, sequence, size] */
export function repeatHeads(g: Builder, value: string, heads: number): string {
  const [batch, own, sequence, size] = g.shape(value);
  if (own === heads) return value;
  return g.reshape(
    g.expand(g.reshape(value, [batch, own, 1, sequence, size]), [batch, own, heads / own, sequence, size]),
    [batch, heads, sequence, size],
  );
}

/** [batch, sequence, heads·size] to [batch, heads, sequence, size]. */
export function splitHeads(g: Builder, value: string, heads: number): string {
  const [batch, sequence, width] = g.shape(value);
  return g.transpose(g.reshape(value, [batch, sequence, heads, width / heads]), [0, 2, 1, 3]);
}

/** [batch, heads, sequence, size] to [batch, sequence, heads·size]. */
export function joinHeads(g: Builder, value: string): string {
  const [batch, heads, sequence, size] = g.shape(value);
  return g.reshape(g.transpose(value, [0, 2, 1, 3]), [batch, sequence, heads * size]);
}

/** A large negative number in place of −∞: rows without any allowed key stay finite. */
const MASKED = -3.4028234663852886e38;

/**
 * 0 where a query may look at a key, a large negative number elsewhere: [queries, keys], queries starting `past` keys
 * late.
 */
export function causalBias(
  g: Builder,
  queries: number,
  keys: number,
  past: number,
  window = Infinity,
  ahead = 0,
): string {
  const allowed = (query: number, key: number): boolean => key <= query + past + ahead && query + past - key <= window;
  return g.floats(
    range(0, queries).flatMap((query) => range(0, keys).map((key) => (allowed(query, key) ? 0 : MASKED))),
    [queries, keys],
  );
}

/** Additive form of a boolean mask: 0 where true. */
function additive(g: Builder, mask: string): string {
  return g.where(mask, g.scalar(0), g.scalar(MASKED));
}

/** Attention-24: grouped heads, past keys, masks, causality, softcap; all four outputs. */
function attention(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const flat = r.dims(0).length === 3;
  const heads = flat ? r.int("q_num_heads", 1) : r.dims(0)[1];
  const keyHeads = flat ? r.int("kv_num_heads", 1) : r.dims(1)[1];
  const q = flat ? splitHeads(g, r.x(0), heads) : r.x(0);
  const own = (index: number): string => (flat ? splitHeads(g, r.x(index), keyHeads) : r.x(index));
  const withPast = (index: number, past: number): string =>
    r.has(past) ? g.concat([r.x(past), own(index)], 2) : own(index);
  const [key, value] = [withPast(1, 4), withPast(2, 5)];
  const [batch, , queries, size] = g.shape(q);
  const keys = g.shape(key)[2];
  const past = keys - g.shape(own(1))[2];
  const scale = r.node.attributes.scale ? r.float("scale", 0) : 1 / Math.sqrt(size);
  const product = g.scale(g.matmul(q, g.transpose(repeatHeads(g, key, heads), [0, 1, 3, 2])), scale);
  const bias = biasOf(r, { batch, queries, keys, past });
  const biased = (scores: string): string => bias.reduce((sum, part) => g.plus(sum, part), scores);
  const cap = r.float("softcap", 0);
  const capped = cap > 0 ? g.scale(g.unary("Tanh", g.scale(product, 1 / cap)), cap) : product;
  const scores = biased(capped);
  const softmax = g.op("Softmax", [scores], g.shape(scores), { axis: 3 });
  const weights = withoutEmptyRows(r, softmax, scores, bias.length > 0);
  const y = g.matmul(weights, repeatHeads(g, value, heads));
  const stage = r.int("qk_matmul_output_mode", 0);
  return [
    flat ? joinHeads(g, y) : y,
    key,
    value,
    stage === 0 ? product : stage === 1 ? capped : stage === 2 ? scores : weights,
  ];
}

/** A query that may look at nothing gets zeros, not a mean. */
function withoutEmptyRows(r: RuleContext, softmax: string, scores: string, masked: boolean): string {
  const { g } = r;
  if (!masked) return softmax;
  const best = g.reduce("ReduceMax", scores, [3]);
  return g.where(g.binary("Greater", best, g.scalar(MASKED / 2)), softmax, g.scalar(0));
}

function biasOf(
  r: RuleContext,
  { batch, queries, keys, past }: Record<"batch" | "queries" | "keys" | "past", number>,
): string[] {
  const { g } = r;
  const parts: string[] = [];
  if (r.has(3)) {
    const raw = g.typeOf(r.x(3)) ?? r.typeOf(3);
    let mask = raw === "bool" ? additive(g, r.x(3)) : r.x(3);
    const dims = g.shape(mask);
    const short = keys - dims[dims.length - 1];
    // A mask shorter than the keys forbids the rest.
    if (short > 0) mask = g.concat([mask, g.expand(g.scalar(MASKED), [...dims.slice(0, -1), short])], dims.length - 1);
    parts.push(mask);
  }
  const lengths = r.has(6) ? r.known(6) : undefined;
  if (r.has(6)) {
    if (!lengths) throw r.refuse("the lengths of its keys are not known");
    parts.push(
      g.floats(
        lengths.flatMap((length) => range(0, keys).map((key) => (key < length ? 0 : MASKED))),
        [batch, 1, 1, keys],
      ),
    );
  }
  const causal = r.int("is_causal", 0) !== 0;
  const left = r.int("left_window_size", -1);
  const right = r.int("right_window_size", -1);
  if (causal || left >= 0 || right >= 0) {
    const window = left >= 0 ? left : Infinity;
    const ahead = causal ? 0 : right >= 0 ? right : Infinity;
    // Given lengths, the queries are the last of each sequence's keys.
    if (lengths)
      parts.push(
        g.concat(
          lengths.map((length) =>
            g.reshape(causalBias(g, queries, keys, length - queries, window, ahead), [1, 1, queries, keys]),
          ),
          0,
        ),
      );
    else parts.push(causalBias(g, queries, keys, past, window, ahead));
  }
  return parts;
}
