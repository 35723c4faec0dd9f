import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** The machine's programs are stand-ins: a dpkg-query that knows no package, an apt-get that notes what it is asked. */
let machine: string;
const lib = (name: string): string => JSON.stringify(pathToFileURL(path.resolve("scripts/lib", name)).href);

beforeEach(() => {
  machine = mkdtempSync(path.join(os.tmpdir(), "neural-loupe-machine-"));
  chmodSync(machine, 0o755);
  mkdirSync(path.join(machine, "bin"));
  symlinkSync("/bin/sh", path.join(machine, "bin/sh"));
  program("dpkg-query", "exit 1");
  program(
    "apt-get",
    `echo "$@" >> ${machine}/asked
case "$*" in *chromium*) printf '#!/bin/sh\\n' > ${machine}/bin/chromium;; esac`,
  );
});

afterEach(() => rmSync(machine, { recursive: true, force: true }));

describe.skipIf(process.platform !== "linux")("what a machine lacks", () => {
  it("is installed at once, for all that is asked, where that takes no question", () => {
    const { status, stdout } = prepare("{ browser: true, debootstrap: true }", { root: true });
    expect(status).toBe(0);
    expect(stdout).toContain(`browser: ${machine}/bin/chromium`);
    expect(readFileSync(path.join(machine, "asked"), "utf8")).toMatch(
      /^update\ninstall .* chromium fonts-dejavu-core fonts-liberation debootstrap\n$/,
    );
  });

  it("is one command to a person who is not root, before anything is tried", () => {
    const { status, stderr } = prepare("{ browser: true, server: true }", { root: false });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /lacks\n {2}- a Chromium.*\n {2}- a compiler.*\nPlease run this once.*\n\n {4}sudo sh -c 'apt-get update && apt-get install .* chromium .* g\+\+ .*'\n/,
    );
  });

  it("is named with what to install where there is no apt", () => {
    for (const name of ["dpkg-query", "apt-get"]) rmSync(path.join(machine, "bin", name));
    const { status, stderr } = prepare("{ browser: true }", { root: true });
    expect(status).toBe(1);
    expect(stderr).toMatch(/lacks a Chromium.* Install Chromium, Chrome or Edge, or set CHROMIUM_EXECUTABLE/);
  });

  it("is nothing where CHROMIUM_EXECUTABLE names a browser, and that variable's mistake where it names none", () => {
    program("mine", "");
    const given = prepare("{ browser: true }", { root: true, CHROMIUM_EXECUTABLE: path.join(machine, "bin/mine") });
    expect([given.status, given.stdout]).toEqual([0, `browser: ${machine}/bin/mine\n`]);
    const wrong = prepare("{ browser: true }", { root: true, CHROMIUM_EXECUTABLE: "/no/such/browser" });
    expect([wrong.status, wrong.stderr]).toEqual([
      1,
      "CHROMIUM_EXECUTABLE is /no/such/browser, which does not exist.\n",
    ]);
  });
});

describe("npm's settings", () => {
  it("are known to npm, and keep packages from running scripts: onnxruntime-node's downloads CUDA libraries", () => {
    const { stdout, stderr } = spawnSync("npm", ["config", "get", "ignore-scripts"], {
      encoding: "utf8",
      shell: process.platform === "win32",
    });
    expect(stdout.trim()).toBe("true");
    expect(stderr).not.toContain("project config");
  });
});

function program(name: string, body: string): void {
  const file = path.join(machine, "bin", name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

/** Runs prepareMachine in a process of its own, whose user id is that of root or of somebody, as it sees it. */
function prepare(
  wanted: string,
  { root, ...env }: { root: boolean; CHROMIUM_EXECUTABLE?: string },
): { status: number | null; stdout: string; stderr: string } {
  const code = `process.getuid = () => ${root ? 0 : 1000};
    const { prepareMachine, findBrowser } = await import(${lib("machine.mjs")});
    try { await prepareMachine(${wanted}); console.log("browser: " + findBrowser()); } catch (error) { console.error(error.message); process.exit(1); }`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    env: { PATH: path.join(machine, "bin"), HOME: machine, NEURAL_LOUPE_CACHE: path.join(machine, "cache"), ...env },
  });
}
