import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "../../src/model/describe.ts";
import { openModel } from "../../src/model/open.ts";
import { writeSparseModel } from "../support/sparse-model.ts";

const MEBI = 2 ** 20;
const MOST_MILLISECONDS = 1000;
const MOST_MEMORY = 300 * MEBI;

/**
 * How long the structure of a 2 GB model takes, and with how much memory; an exception when it is more than the project
 * promises.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "large-model-"));
  try {
    const path = join(folder, "large.onnx");
    // As a language model of 1 billion parameters in float16: 2,000 nodes, 200 tensors of 10 MiB.
    writeSparseModel(
      path,
      Array.from({ length: 200 }, (_, i) => ({ name: `w${i}`, bytes: 10.25 * MEBI })),
      2000,
    );
    const start = performance.now();
    const open = await openModel(path);
    const opened = performance.now();
    const { layers } = describe(open);
    const described = performance.now();
    open.close();
    // The whole process's peak since it started, Node itself included.
    const memory = process.resourceUsage().maxRSS * 1024;
    console.log(`Structure of a ${(statSync(path).size / 1e9).toFixed(2)} GB model, ${layers.length} nodes`);
    console.log(`  open      ${(opened - start).toFixed(0)} ms (at most ${MOST_MILLISECONDS})`);
    console.log(`  describe  ${(described - opened).toFixed(0)} ms`);
    console.log(`  peak memory of the process  ${(memory / MEBI).toFixed(0)} MiB (at most ${MOST_MEMORY / MEBI})`);
    if (described - start > MOST_MILLISECONDS) throw new Error("Opening a 2 GB model took too long.");
    if (memory > MOST_MEMORY) throw new Error("Opening a 2 GB model took too much memory.");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
