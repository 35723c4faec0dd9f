import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll } from "vitest";

interface Called {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The program as it is shipped, built once for a file of tests, and a folder for what it writes. */
export interface CommandLine {
  readonly folder: string;
  readonly program: string;
  loupe(...words: string[]): Called;
}

export function commandLine(): CommandLine {
  const folder = mkdtempSync(join(tmpdir(), "loupe-cli-"));
  // Inside the project, where it finds onnxruntime-node and sharp.
  const program = resolve("dist", `${basename(folder)}.js`);
  beforeAll(() => buildProgram(program));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(program, { force: true });
  });
  return {
    folder,
    program,
    loupe(...words) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
        encoding: "utf8",
        cwd: folder,
        maxBuffer: 1 << 26,
      });
      return { code: status, out: stdout, err: stderr };
    },
  };
}

/** Bundles the command line into one file. */
export async function buildProgram(outfile: string, more: BuildOptions = {}): Promise<void> {
  await build({
    entryPoints: ["src/cli/main.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["onnxruntime-node", "sharp"],
    logLevel: "error",
    ...more,
  });
}
