import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Gives all that the tests write for a while one folder, which goes with them: also what a test that failed has left.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "neural-loupe-tests-"));
  const variables = ["TMPDIR", "TEMP", "TMP"];
  const before = variables.map((name) => process.env[name]);
  for (const name of variables) process.env[name] = folder;
  return () => {
    variables.forEach((name, index) => {
      if (before[index] === undefined) delete process.env[name];
      else process.env[name] = before[index];
    });
    rmSync(folder, { recursive: true, force: true });
  };
}
