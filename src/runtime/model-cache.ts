import { resolve } from "node:path";
import { openModel } from "../model/open.ts";
import { Leased } from "./lease.ts";
import { MemoryBudget } from "./memory.ts";
import { LoadedModel } from "./models.ts";
import { ortVersion } from "./ort.ts";

export interface ModelCacheOptions {
  /** Models kept open that nobody uses (4). */
  readonly maxModels?: number;
  readonly threads?: number;
  /** Shared by all of its models; by default half of the memory that is available. */
  readonly budget?: MemoryBudget;
}

/**
 * Models by path, the latest few kept; a file that changed on disk is read again. A model is given back after its last
 * user.
 */
export class ModelCache {
  onnxruntimeVersion: string | undefined;
  readonly budget: MemoryBudget;
  private readonly models = new Map<string, Leased<Promise<LoadedModel>>>();
  private readonly held = new Map<LoadedModel, () => void>();

  constructor(private readonly options: ModelCacheOptions = {}) {
    this.budget = options.budget ?? new MemoryBudget();
  }

  /** The model of this file, which stays until `work` has ended, whatever else is opened meanwhile. */
  async use<T>(path: string, work: (model: LoadedModel) => T | Promise<T>): Promise<T> {
    const { model, end } = await this.hold(path);
    try {
      return await work(model);
    } finally {
      end();
    }
  }

  /** The model of this file, held until `dispose()`: for a process that ends with its work. */
  async get(path: string): Promise<LoadedModel> {
    const { model, end } = await this.hold(path);
    if (this.held.has(model)) end();
    else this.held.set(model, end);
    return model;
  }

  async versions(): Promise<string> {
    return (this.onnxruntimeVersion ??= await ortVersion());
  }

  dispose(): void {
    for (const path of [...this.models.keys()]) this.drop(path);
    for (const end of this.held.values()) end();
    this.held.clear();
  }

  private async hold(path: string): Promise<{ readonly model: LoadedModel; readonly end: () => void }> {
    const absolute = resolve(path);
    for (;;) {
      const known = this.models.get(absolute);
      const leased = known ?? this.open(absolute);
      const end = leased.hold();
      try {
        const model = await leased.value;
        if (!known || model.open.isCurrent()) {
          this.touch(absolute, leased);
          return { model, end };
        }
      } catch (error) {
        end();
        throw error;
      }
      end();
      if (this.models.get(absolute) === leased) this.drop(absolute);
    }
  }

  private open(absolute: string): Leased<Promise<LoadedModel>> {
    const loading = openModel(absolute).then(
      (open) => new LoadedModel(open, this.options.threads, { budget: this.budget }),
    );
    const leased = new Leased(
      loading,
      (model) =>
        void model.then(
          (loaded) => loaded.release(),
          () => undefined,
        ),
    );
    this.models.set(absolute, leased);
    loading.catch(() => {
      if (this.models.get(absolute) === leased) this.drop(absolute);
    });
    while (this.models.size > (this.options.maxModels ?? 4)) this.drop(this.models.keys().next().value!);
    return leased;
  }

  /** Used latest: last in the order. */
  private touch(absolute: string, leased: Leased<Promise<LoadedModel>>): void {
    if (this.models.get(absolute) !== leased) return;
    this.models.delete(absolute);
    this.models.set(absolute, leased);
  }

  private drop(path: string): void {
    this.models.get(path)?.retire();
    this.models.delete(path);
  }
}
