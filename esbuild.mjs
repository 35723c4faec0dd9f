// Builds everything that runs: `node esbuild.mjs [--production] [--watch]`.
import { chmod, copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

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
  { in: "src/cli/main.ts", out: "cli.js", ...forNode, external: native, banner: { js: "#!/usr/bin/env node" }, executable: true },
  { in: "webview/editor/main.tsx", out: "webview/editor.js", ...forBrowser },
  { in: "webview/panel/main.tsx", out: "webview/panel.js", ...forBrowser },
  { in: "test/integration/bridge/index.ts", out: "test/bridge/index.js", ...forNode, external: ["vscode"], development: true },
  { in: "test/integration/main.ts", out: "test/flows.mjs", ...forNode, format: "esm", external: ["playwright-core", ...native], development: true },
];

/** Files that go beside the bundles as they are. */
const copies = [{ in: "test/integration/bridge/package.json", out: "test/bridge/package.json", development: true }];

async function main(args) {
  const production = args.includes("--production");
  const watch = args.includes("--watch");
  const unknown = args.filter((arg) => !["--production", "--watch"].includes(arg));
  if (unknown.length) fail(`esbuild.mjs does not know ${unknown.join(" ")}. It takes --production and --watch.`, 2);

  const wanted = [...bundles, ...copies].filter((one) => !(production && one.development));
  const missing = wanted.filter((one) => !existsSync(path.join(root, one.in)));
  if (missing.length && process.env.NL_ALLOW_MISSING !== "1") {
    fail(`The build needs ${missing.map((one) => one.in).join(", ")}, which cannot be found in ${root}.`);
  }
  for (const one of missing) console.warn(`esbuild: left out ${one.in}, which does not exist (NL_ALLOW_MISSING=1)`);

  if (production) await rm(path.join(root, "dist"), { recursive: true, force: true });
  const here = wanted.filter((one) => !missing.includes(one));
  for (const copy of here.filter((one) => copies.includes(one))) {
    await mkdir(path.dirname(path.join(root, "dist", copy.out)), { recursive: true });
    await copyFile(path.join(root, copy.in), path.join(root, "dist", copy.out));
  }
  const contexts = await Promise.all(
    here.filter((one) => bundles.includes(one)).map((bundle) => esbuild.context(options(bundle, { production }))),
  );
  if (watch) {
    await Promise.all(contexts.map((context) => context.watch()));
    console.log("esbuild: watching");
    return;
  }
  const results = await Promise.allSettled(contexts.map((context) => context.rebuild()));
  await Promise.all(contexts.map((context) => context.dispose()));
  // esbuild has printed its errors with file and line by itself.
  if (results.some((result) => result.status === "rejected")) process.exit(1);
}

/** esbuild's options for one line of the table. */
function options(bundle, { production }) {
  const { in: entry, out, executable, development, ...rest } = bundle;
  void development;
  const outfile = path.join(root, "dist", out);
  return {
    ...rest,
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: production,
    sourcemap: production ? false : "linked",
    define: { "process.env.NODE_ENV": JSON.stringify(production ? "production" : "development") },
    logLevel: "warning",
    plugins: [flowList, ...(executable ? [makeExecutable(outfile)] : [])],
  };
}

/** `import "flows:all"` stands for every test/integration/flows/*.flow.ts, so that a new flow is a new file and nothing else. */
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

await main(process.argv.slice(2));
