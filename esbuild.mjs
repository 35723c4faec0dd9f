// Builds everything that runs: `node esbuild.mjs [--production] [--watch] [--outdir DIR]`, into dist/.
import { chmod, copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import esbuild from "esbuild";
import { buildCatalogue } from "./scripts/manifest.mjs";

const root = path.dirname(fileURLToPath(import.meta.url));

/** Packages with native parts: loaded from node_modules where the program runs, never bundled. */
const native = ["onnxruntime-node", "sharp"];

const forNode = { platform: "node", target: "node20", format: "cjs" };
const forBrowser = {
  platform: "browser",
  target: "chrome120",
  format: "iife",
  jsx: "automatic",
  jsxImportSource: "preact",
  // The toolkit's wrappers and whatever else asks for React get Preact's.
  alias: { react: "preact/compat", "react-dom": "preact/compat" },
  loader: { ".ttf": "file", ".svg": "dataurl" },
  assetNames: "[name]",
};

/** One line per program. `development` bundles are left out of --production builds and so of the VSIX. */
const bundles = [
  { in: "src/extension/activate.ts", out: "extension.js", ...forNode, external: ["vscode"] },
  { in: "src/engine/main.ts", out: "engine.js", ...forNode, external: native },
  {
    in: "src/cli/main.ts",
    out: "cli.js",
    ...forNode,
    external: native,
    banner: { js: "#!/usr/bin/env node" },
    executable: true,
  },
  { in: "webview/model/main.tsx", out: "webview/model.js", ...forBrowser },
  { in: "webview/explain/main.tsx", out: "webview/explain.js", ...forBrowser },
  { in: "webview/compare/main.tsx", out: "webview/compare.js", ...forBrowser },
  {
    in: "test/integration/bridge/index.ts",
    out: "test/bridge/index.js",
    ...forNode,
    external: ["vscode"],
    development: true,
  },
  {
    in: "test/integration/main.ts",
    out: "test/flows.mjs",
    ...forNode,
    format: "esm",
    external: ["playwright-core", ...native],
    development: true,
  },
  {
    in: "test/webview/gallery/main.ts",
    out: "test/gallery.mjs",
    ...forNode,
    format: "esm",
    external: ["esbuild", ...native],
    development: true,
  },
];

/** Files that go beside the bundles as they are. */
const copies = [{ in: "test/integration/bridge/package.json", out: "test/bridge/package.json", development: true }];

async function main({ production, watch, outdir }) {
  const wanted = [...bundles, ...copies].filter((one) => !(production && one.development));
  const missing = wanted.filter((one) => !existsSync(path.join(root, one.in)));
  if (missing.length) {
    fail(`The build needs ${missing.map((one) => one.in).join(", ")}, which cannot be found in ${root}.`);
  }

  for (const copy of wanted.filter((one) => copies.includes(one))) {
    await mkdir(path.dirname(path.join(outdir, copy.out)), { recursive: true });
    await copyFile(path.join(root, copy.in), path.join(outdir, copy.out));
  }
  const contexts = await Promise.all(
    wanted
      .filter((one) => bundles.includes(one))
      .map((bundle) => esbuild.context(options(bundle, { production, outdir }))),
  );
  if (watch) console.log("esbuild: building");
  const results = await Promise.allSettled(contexts.map((context) => context.rebuild()));
  if (watch) {
    await Promise.all(contexts.map((context) => context.watch()));
    console.log("esbuild: watching");
    return;
  }
  await Promise.all(contexts.map((context) => context.dispose()));
  // esbuild has printed its errors with file and line by itself.
  if (results.some((result) => result.status === "rejected")) process.exit(1);
  if (production)
    await writeFile(
      path.join(outdir, "bundled-packages.json"),
      JSON.stringify(packagesIn(results.map(({ value }) => value))),
    );
}

/** The folders in node_modules whose code is in the bundles: their licences go with it (scripts/package.mjs). */
function packagesIn(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = inputs.map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]);
  return [...new Set(folders.filter(Boolean))].sort();
}

/** esbuild's options for one line of the table. */
function options(bundle, { production, outdir }) {
  const { in: entry, out, executable, development, ...rest } = bundle;
  void development;
  const outfile = path.join(outdir, out);
  return {
    ...rest,
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: production,
    metafile: production,
    sourcemap: production ? false : "linked",
    define: { "process.env.NODE_ENV": JSON.stringify(production ? "production" : "development") },
    logLevel: "warning",
    plugins: [flowList, catalogueAsData, ...(executable ? [makeExecutable(outfile)] : [])],
  };
}

/**
 * `import "flows:all"` stands for every test/integration/flows/*.flow.ts, so that a new flow is a new file and nothing
 * else.
 */
const flowList = {
  name: "flow-list",
  setup(build) {
    const folder = path.join(root, "test/integration/flows");
    build.onResolve({ filter: /^flows:all$/ }, () => ({ path: folder, namespace: "flow-list" }));
    build.onLoad({ filter: /.*/, namespace: "flow-list" }, async () => {
      const names = (await readdir(folder)).filter((name) => name.endsWith(".flow.ts")).sort();
      const contents = names.map((name) => `import "./${name}";`).join("\n");
      return { contents, resolveDir: folder, watchDirs: [folder], loader: "ts" };
    });
  },
};

/**
 * The extension lists the techniques and runs none: it gets their catalogue as it is when built, as data, and none of
 * the code that comes with it.
 */
const catalogueAsData = {
  name: "catalogue-as-data",
  setup(build) {
    if (!build.initialOptions.entryPoints.includes("src/extension/activate.ts")) return;
    build.onLoad({ filter: /[\\/]src[\\/]techniques[\\/]catalogue\.ts$/ }, async () => {
      const { catalogue, files } = await buildCatalogue();
      return { contents: `export const catalogue = ${JSON.stringify(catalogue)};`, loader: "js", watchFiles: files };
    });
  },
};

function makeExecutable(file) {
  return {
    name: "make-executable",
    setup(build) {
      build.onEnd(async (result) => {
        if (!result.errors.length) await chmod(file, 0o755);
      });
    },
  };
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}

/** What the command line says; exits with 2 where it makes no sense. */
function readArguments() {
  const options = {
    production: { type: "boolean", default: false },
    watch: { type: "boolean", default: false },
    outdir: { type: "string", default: "dist" },
  };
  try {
    const { values } = parseArgs({ options });
    return { ...values, outdir: path.resolve(root, values.outdir) };
  } catch (error) {
    return fail(error.message, 2);
  }
}

await main(readArguments());
