import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

/** What a script and all that it imports at once take from packages: file and package. */
function packagesOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const imports = readFileSync(file, "utf8").matchAll(/^(?:(?:import|export)\b[^;]*?\bfrom|import) "([^"]+)"/gm);
  return [...imports].flatMap(([, name]) => {
    if (name.startsWith("node:")) return [];
    return name.startsWith(".") ? packagesOf(path.join(path.dirname(file), name), seen) : [`${file}: ${name}`];
  });
}

// A fresh clone has no packages: each of these installs them first, and imports what needs them then.
test.each(["start", "test", "gallery"])("scripts/%s.mjs begins with Node alone", (name) => {
  expect(packagesOf(`scripts/${name}.mjs`)).toEqual([]);
});
