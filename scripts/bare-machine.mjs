// `sudo node scripts/bare-machine.mjs [--folder DIR] [--mirror URL] [--keep] [--start-only]`: proves that the README's
// two commands work where nothing was installed before.
//
// Lays out a bare Debian bookworm (debootstrap) with git, gives it this machine's Node and npm, certificates, proxies,
// apt's and npm's settings, and nothing else; clones what is committed here into it; runs `npm start` there, asks it
// for a saliency in a browser of this machine, and then runs `npm test`. About twenty minutes and 4 GB. CI does not run
// it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { onPath, root, run, runOrThrow } from "./lib/commands.mjs";
import { ensureDependencies } from "./lib/dependencies.mjs";
import { prepareMachine } from "./lib/machine.mjs";
import { duration, task } from "./lib/progress.mjs";

const suite = "bookworm";
const minute = 60_000;
/** Variables by which programs reach the network from here: proxies, and files of certificates. */
const proxies = /^(https?_proxy|no_proxy|all_proxy)$/i;
const certificates = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"];
const npmSettings = ["registry", "proxy", "https-proxy", "noproxy", "strict-ssl", "fetch-retries", "fetch-timeout"];
const aptSettings = /^Acquire::(https?|ftp|Check-|Retries|ForceIPv|Max-)/i;

const options = {
  folder: { type: "string" },
  mirror: { type: "string" },
  keep: { type: "boolean" },
  "start-only": { type: "boolean" },
};
const running = new Set();

try {
  const { values } = parseArgs({ options });
  process.exitCode = await main(values);
} catch (error) {
  console.error(error.message);
  process.exitCode = error.code?.startsWith?.("ERR_PARSE_ARGS") ? 2 : 1;
}

async function main({ folder, mirror, keep, "start-only": startOnly }) {
  if (process.platform !== "linux" || process.getuid() !== 0)
    throw new Error("This needs Linux and root: debootstrap and mounting do.");
  const started = Date.now();
  console.log("What this machine gives: debootstrap, a browser, the tests' harness");
  await prepareMachine({ browser: true, debootstrap: true });
  await ensureDependencies();
  await task("building", () => runOrThrow(process.execPath, ["esbuild.mjs"], { show: false }));

  const machine = folder ? path.resolve(folder) : await mkdtemp(path.join(os.tmpdir(), "neural-loupe-bare-"));
  const clean = async () => {
    for (const child of running) child.kill("SIGKILL"); // the kernel ends all it has started, and its mounts with it
    if (!keep) await rm(machine, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.once(signal, () => void clean().finally(() => process.exit(130)));
  try {
    console.log(`\nA bare Debian ${suite} in ${machine}`);
    const env = await layOut(machine, mirror);
    await task("its Node, npm and git answer", async () => {
      const said = await inside(
        machine,
        "node --version && npm --version && git --version && ! command -v python3 && ! command -v chromium",
        { env },
      );
      process.stdout.write(`${said.trim().split("\n").join(", ")} ... `);
    });
    await task("git clone of what is committed here", async () => {
      await runOrThrow("git", ["bundle", "create", path.join(machine, "root/project.bundle"), "HEAD"], { show: false });
      await inside(
        machine,
        "git clone --quiet /root/project.bundle /root/neural-loupe 2>&1 && rm /root/project.bundle",
        { env },
      );
    });
    const drew = await start(machine, env);
    const passed = startOnly || (await test(machine, env));
    console.log(
      `\nbare machine: npm start ${drew ? "draws a saliency" : "FAILED"}${startOnly ? "" : `, npm test ${passed ? "passes" : "FAILED"}`} (${duration(Date.now() - started)})`,
    );
    return drew && passed ? 0 : 1;
  } finally {
    await clean();
    console.log(keep ? `The machine stays in ${machine}.` : "The machine is gone.");
  }
}

/** Makes the machine's files. Gives the environment for its programs. */
async function layOut(machine, mirror) {
  const { sources, settings } = await aptOfThisMachine(mirror);
  await mkdir(machine, { recursive: true });
  await task(
    `debootstrap from ${sources.main}`,
    async () => {
      const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
      const args = [
        "--variant=minbase",
        "--include=git",
        ...(existsSync(keyring) ? [`--keyring=${keyring}`] : ["--no-check-gpg"]),
        suite,
        machine,
        sources.main,
      ];
      const { ended, output } = startApart("debootstrap", args);
      const code = await ended;
      if (code !== 0)
        throw new Error(`debootstrap failed (${code}):\n${output().trim().split("\n").slice(-15).join("\n")}`);
    },
    { usually: "a minute or two" },
  );
  await writeFile(
    path.join(machine, "etc/apt/sources.list"),
    [
      `deb ${sources.main} ${suite} main`,
      `deb ${sources.main} ${suite}-updates main`,
      `deb ${sources.security} ${suite}-security main`,
      "",
    ].join("\n"),
  );
  await writeFile(path.join(machine, "etc/apt/apt.conf.d/90-as-here"), settings);
  for (const file of ["/etc/hosts", "/etc/resolv.conf"])
    if (existsSync(file)) await copyFile(file, path.join(machine, file));

  // Node and npm, where an installer puts them.
  const npm = path.join((await runOrThrow("npm", ["root", "--global"], { show: false })).trim(), "npm");
  await copyFile(process.execPath, path.join(machine, "usr/local/bin/node"));
  await cp(npm, path.join(machine, "usr/local/lib/node_modules/npm"), { recursive: true, dereference: true });
  for (const name of ["npm", "npx"])
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, path.join(machine, "usr/local/bin", name));

  const env = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    LANG: "C.UTF-8",
    TERM: "dumb",
  };
  for (const [name, value] of Object.entries(process.env)) if (proxies.test(name)) env[name] = value;
  // Certificates in a place that no package of Debian's writes to.
  const copied = async (file) => {
    const there = `/opt/certificates${file}`;
    await mkdir(path.join(machine, path.dirname(there)), { recursive: true });
    await copyFile(file, path.join(machine, there));
    return there;
  };
  for (const name of certificates)
    if (process.env[name] && existsSync(process.env[name])) env[name] = await copied(process.env[name]);
  const npmConfig = JSON.parse(
    await runOrThrow("npm", ["config", "list", "--json"], { show: false, cwd: os.tmpdir() }),
  );
  const lines = npmSettings
    .filter((name) => npmConfig[name] != null && npmConfig[name] !== "" && !Array.isArray(npmConfig[name]))
    .map((name) => `${name}=${npmConfig[name]}`);
  if (npmConfig.cafile) lines.push(`cafile=${await copied(npmConfig.cafile)}`);
  await writeFile(path.join(machine, "root/.npmrc"), `${lines.join("\n")}\n`);
  return env;
}

/** Where apt here gets Debian from, and its settings of proxies, certificates and dates. */
async function aptOfThisMachine(mirror) {
  const { output } = onPath("apt-config") ? await run("apt-config", ["dump"], { show: false }) : { output: "" };
  const files = (await run("sh", ["-c", "cat /etc/apt/sources.list /etc/apt/sources.list.d/*"], { show: false }))
    .output;
  const addresses = [...files.matchAll(/^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(https?:\S+)/gm)].map(
    ([, address]) => address,
  );
  return {
    sources: {
      main: mirror ?? addresses.find((address) => /\/debian\/?$/.test(address)) ?? "http://deb.debian.org/debian",
      security:
        addresses.find((address) => /\/debian-security\/?$/.test(address)) ?? "http://deb.debian.org/debian-security",
    },
    settings: `${output
      .split("\n")
      .filter((line) => aptSettings.test(line))
      .join("\n")}\n`,
  };
}

/** Starts a shell command in the machine, with its own /proc, /dev and /dev/shm. */
function startInside(machine, command, { env, folder = "/" }) {
  const script = [
    "set -e",
    `mount -t proc proc "$0/proc"`,
    `mount --bind /dev "$0/dev"`,
    `mount -t tmpfs tmpfs "$0/dev/shm"`,
    `mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts"`,
    `mount --bind "$0/dev/pts/ptmx" "$0/dev/ptmx"`,
    "set +e",
    // The first process of its own world: it stays, to bury what others leave behind.
    `chroot "$0" /bin/sh -c "cd $1 && $2" & wait $!`,
  ].join("\n");
  return startApart("sh", ["-c", script, machine, folder, command], env);
}

/**
 * Starts a program with processes and mounts of its own. They end with it, and it ends with this script: the kernel
 * takes them away, whatever happens.
 */
function startApart(program, args, env = process.env) {
  const apart = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child=KILL"];
  const child = spawn("unshare", [...apart, program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const machineEnds = () => child.kill("SIGKILL");
  process.on("exit", machineEnds);
  let output = "";
  const listeners = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
      for (const listener of listeners) listener(String(chunk));
    });
  }
  const ended = new Promise((resolve) =>
    child.on("close", (code, signal) => {
      running.delete(child);
      process.off("exit", machineEnds);
      resolve(code ?? signal);
    }),
  );
  return { child, ended, output: () => output, onOutput: (listener) => listeners.add(listener) };
}

/** Runs a shell command in the machine to its end and gives what it said. */
async function inside(machine, command, options) {
  const { ended, output } = startInside(machine, command, options);
  const code = await ended;
  if (code !== 0) throw new Error(`In the machine, \`${command}\` failed (${code}):\n${output().trim()}`);
  return output();
}

/** `npm start` in the machine until its address answers, and a saliency through it. */
async function start(machine, env) {
  console.log("\nnpm start");
  const began = Date.now();
  const server = startInside(machine, "npm start", { env, folder: "/root/neural-loupe" });
  let lineStart = true;
  server.onOutput((text) => {
    process.stdout.write((lineStart ? "    | " : "") + text.replace(/\n(?=.)/gs, "\n    | "));
    lineStart = text.endsWith("\n");
  });
  try {
    const address = await Promise.race([
      new Promise((resolve) =>
        server.onOutput(() => {
          const found = /http:\/\/127\.0\.0\.1:\d+\S*/.exec(server.output())?.[0];
          if (found) resolve(found);
        }),
      ),
      server.ended.then((code) => {
        throw new Error(`npm start ended (${code}).`);
      }),
    ]);
    console.log("");
    const response = await fetch(address);
    const page = await response.text();
    console.log(
      `  ${address} answers ${response.status}, ${page.length} characters${page.includes("vscode") ? " of VS Code's workbench" : ""}, ${duration(Date.now() - began)} after npm start`,
    );
    const picture = path.join(root, "test/screenshots/bare-machine.png");
    await task("a saliency of the cat through it", () => draw(address, picture));
    console.log(`  ${picture}`);
    return true;
  } catch (error) {
    console.log(`\n  ${error.message}`);
    return false;
  } finally {
    server.child.kill("SIGKILL");
    await server.ended;
  }
}

async function draw(address, picture) {
  const { launchBrowser } = await import("./lib/browser.mjs");
  const { drawSaliency } = await import(pathToFileURL(path.join(root, "dist/test/flows.mjs")).href);
  await mkdir(path.dirname(picture), { recursive: true });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(3 * minute);
    await page.goto(address);
    await drawSaliency(page, picture);
  } finally {
    await browser.close();
  }
}

/** `npm test` in the machine; whether it ends with 0. What it says is shown. */
async function test(machine, env) {
  console.log("\nnpm test");
  const tests = startInside(machine, "npm test", { env, folder: "/root/neural-loupe" });
  tests.onOutput((text) => process.stdout.write(text));
  const code = await tests.ended;
  const log = path.join(root, "test/screenshots/bare-machine.log");
  await writeFile(log, tests.output());
  console.log(`\nIts last lines (all of them are in ${log}):\n`);
  console.log(
    tests
      .output()
      .trim()
      .split("\n")
      .slice(-6)
      .map((line) => `    | ${line}`)
      .join("\n"),
  );
  return code === 0;
}
