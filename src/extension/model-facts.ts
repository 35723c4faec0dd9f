import type { ModelDescription } from "../protocol/model.ts";
import type { RecipeReport } from "../protocol/recipe.ts";
import type { EngineProcess } from "./engine-process.ts";
import { dataFiles, recipeStamp } from "./stamps.ts";
import type { ResultCache } from "./result-cache.ts";
import { hashOf } from "./result-cache.ts";

/** What panels and pickers know of a model without running it. */
export interface Facts {
  readonly model: Pick<ModelDescription, "name" | "inputs" | "outputs" | "explainable" | "dataFiles" | "limits">;
  readonly recipe: RecipeReport;
}

/**
 * Asks the engine what a model is, and keeps the answer on disk for as long as the model and the files beside it do not
 * change: a panel that comes back after a reload needs no engine.
 */
export class ModelFacts {
  private readonly known = new Map<string, { readonly stamp: string; readonly facts: Promise<Facts> }>();
  private readonly last = new Map<string, Facts>();

  constructor(
    private readonly engine: EngineProcess,
    private readonly cache: ResultCache,
    private readonly version: string,
  ) {}

  /** model: absolute path. Rejects with the reader's error where the file is not a model, or is not there. */
  async of(model: string): Promise<Facts> {
    const stamp = await recipeStamp(model);
    const known = this.known.get(model);
    if (known?.stamp === stamp) return known.facts;
    const facts = this.find(model, stamp).then((found) => {
      dataFiles.learn(model, found.model.dataFiles);
      return found;
    });
    this.known.set(model, { stamp, facts });
    // A failure is not kept: the reason may lie outside the file.
    facts.catch(() => {
      if (this.known.get(model)?.facts === facts) this.known.delete(model);
    });
    return facts;
  }

  /** As `of`; where the file cannot be read any more, what was last known of it. */
  async lastOf(model: string): Promise<Facts> {
    try {
      const facts = await this.of(model);
      this.last.set(model, facts);
      return facts;
    } catch (error) {
      const last = this.last.get(model);
      if (last) return last;
      throw error;
    }
  }

  private async find(model: string, stamp: string): Promise<Facts> {
    const key = hashOf({ kind: "facts and limits", model, stamp, version: this.version });
    const kept = await this.cache.get(key);
    if (kept !== undefined) return kept as Facts;
    const [description, recipe] = await Promise.all([
      this.engine.call("describe", { model }),
      this.engine.call("recipe", { model }),
    ]);
    const { name, inputs, outputs, explainable, dataFiles: files, limits } = description;
    const facts: Facts = {
      model: { name, inputs, outputs, explainable, limits, ...(files ? { dataFiles: files } : {}) },
      recipe,
    };
    await this.cache.put(key, facts);
    return facts;
  }
}
