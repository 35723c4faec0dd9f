import { elementCount } from "../model/graph.ts";
import { floatsOf, openSession, type Feeds, type TensorValue } from "../runtime/ort.ts";
import type { NamedArray } from "../protocol/result.ts";

export interface Check {
  readonly path: string;
  readonly threads?: number;
  readonly feeds: Feeds;
  /** How many samples these are. */
  readonly samples: number;
  /** Inputs whose first axis is the batch. */
  readonly batched: ReadonlySet<string>;
  /** Whether any batch size goes, so that a batch of two is tried as well. */
  readonly anyBatch: boolean;
  readonly target?: { readonly name: string; readonly index: readonly number[]; readonly dims: number };
  readonly attribution: string;
  readonly expected: NamedArray;
  readonly signal: AbortSignal;
}

/**
 * How far numbers are from others: the largest difference over the largest value, and the length of the difference over
 * theirs.
 */
export interface Distance {
  readonly largest: number;
  readonly overall: number;
}

/**
 * Runs the written file on the sample and compares its attribution with the technique's own numbers; of the sample
 * after another one in a batch, too.
 */
export async function verify(check: Check): Promise<{ alone: Distance; inBatch?: Distance }> {
  const session = await openSession(check.path, { threads: check.threads });
  try {
    const run = async (feeds: Feeds, row: number): Promise<Distance> => {
      check.signal.throwIfAborted();
      const { target } = check;
      const chosen: Record<string, TensorValue> = target
        ? {
            [target.name]: {
              dataType: "int64",
              dims: target.dims > 1 ? [1, target.dims] : [1],
              data: BigInt64Array.from(target.index, BigInt),
            },
          }
        : {};
      const value = (await session.run({ ...feeds, ...chosen })).get(check.attribution)!;
      return differenceOf(value, row, check.expected);
    };
    const alone = await run(check.feeds, 0);
    return check.anyBatch
      ? { alone, inBatch: await run(afterAnother(check.feeds, check.batched), check.samples) }
      : { alone };
  } finally {
    await session.release();
  }
}

function differenceOf(value: TensorValue, row: number, raw: NamedArray): Distance {
  const rows = Math.max(1, value.dims[0] ?? 1);
  const all = floatsOf(value);
  // A map is of the first sample alone; what is about the input has a row for each sample.
  const size =
    all.length / rows === raw.values.length || all.length / rows === elementCount(raw.dims.slice(1))
      ? all.length / rows
      : all.length;
  let [worst, largest, between, length] = [0, 0, 0, 0];
  for (let i = 0; i < size; i++) {
    const difference = all[row * size + i] - raw.values[i];
    worst = Math.max(worst, Math.abs(difference));
    largest = Math.max(largest, Math.abs(raw.values[i]));
    between += difference * difference;
    length += raw.values[i] * raw.values[i];
  }
  if (!Number.isFinite(between)) return { largest: Infinity, overall: Infinity };
  return largest === 0
    ? { largest: worst, overall: worst }
    : { largest: worst / largest, overall: Math.sqrt(between / length) };
}

/**
 * A batch twice as large: other samples (the same numbers in reverse order; integers as they are), and then the
 * samples.
 */
function afterAnother(feeds: Feeds, batched: ReadonlySet<string>): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, value]): [string, TensorValue] => {
      if (!batched.has(name) || Array.isArray(value.data)) return [name, value];
      const data = value.data as Exclude<TensorValue["data"], readonly string[]>;
      const both = new (data.constructor as new (length: number) => typeof data)(data.length * 2);
      const other = value.dataType.startsWith("float") ? data.slice().reverse() : data;
      both.set(other as never, 0);
      both.set(data as never, data.length);
      return [name, { ...value, dims: [value.dims[0] * 2, ...value.dims.slice(1)], data: both }];
    }),
  );
}
