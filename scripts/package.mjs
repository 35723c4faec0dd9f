// Packs the extension for the platform this runs on: `node scripts/package.mjs [--out FILE]`.
//
// The bundles need two packages with native parts. They are put beside them, in dist/node_modules, with the binaries
// of this platform only (onnxruntime-node alone has 290 MB for all), so that one VSIX is for one platform.
import { existsSync } from "node:fs";
import { cp, mkdtemp, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { root, runOrThrow } from "./lib/commands.mjs";

const platform = `${process.platform}-${process.arch}`;

/** Packages to ship, each with what it needs; `only` leaves out what a running program never loads. */
const native = {
  "onnxruntime-node": {
    only: ["package.json", "dist", `bin/napi-v6/${process.platform}/${process.arch}`],
    needs: ["onnxruntime-common"],
  },
  "onnxruntime-common": { only: ["package.json", "dist/cjs"], needs: [] },
  sharp: {
    only: ["package.json", "LICENSE", "dist"],
    needs: ["@img/colour", "detect-libc", "semver", `@img/sharp-${platform}`],
  },
  "@img/colour": { needs: [] },
  "detect-libc": { needs: [] },
  semver: { needs: [] },
  [`@img/sharp-${platform}`]: { needs: process.platform === "win32" ? [] : [`@img/sharp-libvips-${platform}`] },
  [`@img/sharp-libvips-${platform}`]: { needs: [] },
};

/** Builds and packs. Gives { file, megabytes }; `out` defaults to NAME-VERSION-PLATFORM.vsix in the repository. */
export async function packExtension({ out } = {}) {
  const manifest = JSON.parse(await readFile(path.join(root, "package.json"), "utf8"));
  const file = path.resolve(out ?? path.join(root, `${manifest.name}-${manifest.version}-${platform}.vsix`));
  const staging = await mkdtemp(path.join(os.tmpdir(), "neural-loupe-package-"));
  try {
    await runOrThrow(process.execPath, ["esbuild.mjs", "--production", "--outdir", path.join(staging, "dist")], {
      cwd: root,
    });
    for (const name of ["README.md", "CHANGELOG.md", "LICENSE", "media", "samples", "docs/images", ".vscodeignore"]) {
      if (!existsSync(path.join(root, name))) throw new Error(`The package needs ${name}, which is not in ${root}.`);
      await cp(path.join(root, name), path.join(staging, name), { recursive: true });
    }
    await writeFile(path.join(staging, "package.json"), JSON.stringify(publicManifest(manifest), null, 2));
    const shipped = closure(["onnxruntime-node", "sharp"]);
    for (const name of shipped) await copyPackage(name, path.join(staging, "dist/node_modules", name));
    const bundled = JSON.parse(await readFile(path.join(staging, "dist/bundled-packages.json"), "utf8"));
    const notices = await licences([...bundled, ...shipped.map((name) => `node_modules/${name}`)]);
    await writeFile(path.join(staging, "ThirdPartyNotices.txt"), notices);
    const { createVSIX } = await import("@vscode/vsce");
    await createVSIX({
      cwd: staging,
      packagePath: file,
      target: platform,
      dependencies: false,
      rewriteRelativeLinks: false,
    });
    const { size } = await stat(file);
    return { file, megabytes: size / 1e6 };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** package.json without what only developers use; nothing may run on a user's machine when it is installed. */
function publicManifest({ scripts, devDependencies, dependencies, overrides, private: isPrivate, ...rest }) {
  void [scripts, devDependencies, dependencies, overrides, isPrivate];
  return rest;
}

function closure(names, found = new Set()) {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    closure(native[name].needs, found);
  }
  return [...found];
}

async function copyPackage(name, to) {
  const from = path.join(root, "node_modules", name);
  for (const part of native[name].only ?? ["."]) {
    if (!existsSync(path.join(from, part))) {
      throw new Error(
        `${name} has no ${part} in node_modules: either it has no binaries for ${platform}, or \`npm ci\` left them out.`,
      );
    }
    await mkdir(path.dirname(path.join(to, part)), { recursive: true });
    await cp(path.join(from, part), path.join(to, part), {
      recursive: true,
      filter: (source) => !/\.(map|d\.c?ts)$/.test(source),
    });
  }
}

/** The licences of packages (paths of their folders), as one text. */
async function licences(folders) {
  const parts = await Promise.all(
    [...new Set(folders)].sort().map(async (folder) => {
      const at = path.join(root, folder);
      const { name, version, license } = JSON.parse(await readFile(path.join(at, "package.json"), "utf8"));
      const files = (await readdir(at)).filter((one) => /^(licen[cs]e|notice|copying|third-party)/i.test(one));
      const texts = await Promise.all(files.map((one) => readFile(path.join(at, one), "utf8")));
      return `${name} ${version} (${license})\n\n${texts.join("\n").trim() || "(the package holds no licence text)"}\n`;
    }),
  );
  return ["This extension holds code from these packages.\n", ...parts, ...(await fontLicences())].join(
    `\n${"-".repeat(80)}\n\n`,
  );
}

/** The licences of the fonts that pictures are labelled in. */
async function fontLicences() {
  const folder = path.join(root, "src/draw/font");
  const files = (await readdir(folder)).filter((name) => name.startsWith("LICENSE-"));
  if (files.length === 0) throw new Error(`${folder} has no licences.`);
  return Promise.all(
    files.map(async (name) => {
      const font = /^LICENSE-(.*)\.txt$/.exec(name)[1];
      return `The font ${font}, of which the letters of saved pictures are\n\n${(await readFile(path.join(folder, name), "utf8")).trim()}\n`;
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { values } = parseArgs({ options: { out: { type: "string" } } });
    const { file, megabytes } = await packExtension(values);
    console.log(`${file}: ${megabytes.toFixed(1)} MB, for ${platform}`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = error.code?.startsWith?.("ERR_PARSE_ARGS") ? 2 : 1;
  }
}
