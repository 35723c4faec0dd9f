import { run as attribution } from "./attribution.ts";
import { run as largeModel } from "./large-model.ts";
import { run as methods } from "./methods.ts";

/** Every benchmark by its name; `npm run bench [NAME...]` runs all, or those named. */
const BENCHMARKS: Readonly<Record<string, (python: string | undefined) => Promise<void>>> = {
  "large-model": () => largeModel(),
  attribution,
  methods,
};

const [python, ...names] = process.argv.slice(2);
const chosen = names.length > 0 ? names : Object.keys(BENCHMARKS);
for (const name of chosen) {
  if (!Object.hasOwn(BENCHMARKS, name))
    throw new Error(`There is no benchmark "${name}". There are: ${Object.keys(BENCHMARKS).join(", ")}.`);
  await BENCHMARKS[name](python === "" ? undefined : python);
}
