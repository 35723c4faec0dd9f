import { sameNumbers } from "../model/graph.ts";
import type { MemoryBudget } from "./memory.ts";
import type { Feeds, TensorValue } from "./ort.ts";

/** What takes more, inputs included, is not kept. */
const MOST_BYTES = 2 ** 26;

/** What runs gave last, for those that look at the same values once more and only read them differently. */
export class KeptOutputs {
  private readonly last = new Map<string, { readonly feeds: Feeds; readonly values: Map<string, TensorValue> }>();

  /** @param prefix What its keys in the budget begin with. */
  constructor(
    private readonly budget: MemoryBudget,
    private readonly prefix: string,
  ) {}

  /** What `run` gives for the feeds: what it gave last under this key where they are the same, element by element. */
  async of(key: string, feeds: Feeds, run: () => Promise<Map<string, TensorValue>>): Promise<Map<string, TensorValue>> {
    const place = this.prefix + key;
    const before = this.budget.touch(place) ? this.last.get(place) : undefined;
    if (before && sameFeeds(before.feeds, feeds)) return before.values;
    const values = await run();
    const bytes = bytesOf(Object.values(feeds)) + bytesOf([...values.values()]);
    if (bytes <= MOST_BYTES) {
      const kept = { feeds, values };
      this.last.set(place, kept);
      const drop = (): void => {
        if (this.last.get(place) === kept) this.last.delete(place);
      };
      this.budget.keep(place, { bytes, drop });
    }
    return values;
  }
}

function sameFeeds(a: Feeds, b: Feeds): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => b[name] && sameTensor(a[name], b[name]));
}

function sameTensor(a: TensorValue, b: TensorValue): boolean {
  if (a.dataType !== b.dataType || !sameNumbers(a.dims, b.dims)) return false;
  const [one, other] = [a.data, b.data];
  if (ArrayBuffer.isView(one) && ArrayBuffer.isView(other)) return Buffer.compare(asBytes(one), asBytes(other)) === 0;
  return Array.from(one as Iterable<unknown>).join("\0") === Array.from(other as Iterable<unknown>).join("\0");
}

function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Texts count as none. */
function bytesOf(tensors: readonly TensorValue[]): number {
  return tensors.reduce((sum, { data }) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0), 0);
}
