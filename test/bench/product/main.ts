// What the product costs a person: `npm run bench -- product [--against FOLDER]`. It runs in the VS Code of the flows;
// scripts/bench-product.mjs stages the builds and loads this as a part of dist/test/flows.mjs.
import { loadavg } from "node:os";
import type { Host } from "../../integration/harness/host.ts";
import { measure } from "./measure.ts";
import type { Measured } from "./measure.ts";
import { bundleSizes } from "./sizes.ts";
import { table } from "./table.ts";

export interface ProductOptions {
  readonly root: string;
  readonly host: Host;
  /** Folders of the extension, staged as a user has it: the one to be measured, and one to compare it with. */
  readonly folders: readonly string[];
  readonly repetitions: number;
}

/** Measures and prints a table. A repetition that fails is left out, and that is said. */
export async function measureProduct({ root, host, folders, repetitions }: ProductOptions): Promise<void> {
  const names = ["this", "other"];
  const measured: (Measured | undefined)[][] = [];
  const loads: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const row: (Measured | undefined)[] = [];
    // Each is first in turn: whatever the one before leaves behind in the machine's caches helps both.
    const order = [...folders.keys()];
    if (repetition % 2) order.reverse();
    for (const index of order) {
      const started = Date.now();
      row[index] = await measure({ root, host, folder: folders[index] }).catch((error: unknown) => {
        console.log(`  ${names[index]} failed: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      });
      loads.push(loadavg()[0]);
      const seconds = Math.round((Date.now() - started) / 1000);
      console.log(
        `  ${repetition + 1} of ${repetitions}: ${names[index]} (${seconds} s, load ${loads.at(-1)?.toFixed(1)})`,
      );
    }
    measured.push(row);
  }
  const sizes = await Promise.all(folders.map(bundleSizes));
  console.log(`\nMedian (lowest to highest) of ${repetitions}; then this / other, of the medians and of the lowest.`);
  console.log(`Load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}\n`);
  console.log(table(measured, sizes, names.slice(0, folders.length)));
}
