import type { MemoryBudget } from "./memory.ts";

/** The last value of a kind, in the budget of memory: it may be dropped when others need the room. */
export class Latest<T> {
  private readonly kept = new WeakMap<MemoryBudget, { readonly key: string; readonly value: T }>();

  /** `name`: its key in the budget, "latest NAME". */
  constructor(private readonly name: string) {}

  /** The last value, if it was kept under this key. */
  get(budget: MemoryBudget, key: string): T | undefined {
    const last = this.kept.get(budget);
    if (last?.key !== key) return undefined;
    budget.touch(this.place);
    return last.value;
  }

  keep(budget: MemoryBudget, key: string, value: T, bytes: number): void {
    const last = { key, value };
    this.kept.set(budget, last);
    budget.keep(this.place, {
      bytes,
      drop: () => {
        if (this.kept.get(budget) === last) this.kept.delete(budget);
      },
    });
  }

  private get place(): string {
    return `latest ${this.name}`;
  }
}
