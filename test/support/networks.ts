import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { Job } from "../../src/protocol/job.ts";
import type { WholeResult } from "../../src/protocol/result.ts";
import { ModelCache } from "../../src/runtime/model-cache.ts";
import { networkOf, type Fed } from "./agreement.ts";
import { runOn } from "./models.ts";

export interface Networks {
  readonly folder: string;
  readonly models: ModelCache;
  /** A network's file and input: "mlp", or "mlp-torchscript" for that exporter's file. */
  of(name: string): Promise<Fed>;
  run(name: string, technique: string, more?: Partial<Job>): Promise<WholeResult>;
}

/** The reference networks, each made once for a file of tests, with a folder and models that go when those are over. */
export function referenceNetworks(): Networks {
  const folder = mkdtempSync(join(tmpdir(), "loupe-networks-"));
  const models = new ModelCache({ maxModels: 8 });
  const made = new Map<string, Promise<Fed>>();
  afterAll(() => {
    models.dispose();
    rmSync(folder, { recursive: true, force: true });
  });
  const of = (name: string): Promise<Fed> => {
    const [, network, exporter] = /^(.*?)(?:-(torchscript|dynamo))?$/.exec(name)!;
    const fed = made.get(name) ?? networkOf({ network, exporter: exporter as "dynamo" | undefined }, folder);
    made.set(name, fed);
    return fed;
  };
  return {
    folder,
    models,
    of,
    async run(name, technique, more = {}) {
      const { model, inputs } = await of(name);
      return runOn(models, model, inputs, technique, more);
    },
  };
}
