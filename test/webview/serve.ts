/**
 * Serves the webviews' pages with fake hosts in them, under the CSP that VS Code's pages get, and the gallery of all
 * their states: for the webviews' tests and for `npm run gallery`.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import path from "node:path";
import * as esbuild from "esbuild";
import sharp from "sharp";
import { webviewPage } from "../../src/extension/html.ts";
import { defaultStyles, themeOf } from "./fake/themes.ts";
import { galleryPage } from "./gallery/index-page.ts";
import { sceneOf } from "./gallery/scenes.ts";

/** What each page is made of: its own bundle, and the one that stands in for VS Code. */
const pages = {
  explain: { page: "webview/explain/main.tsx", fake: "test/webview/fake/explain-host.ts" },
  model: { page: "webview/model/main.tsx", fake: "test/webview/fake/model-host.ts" },
  compare: { page: "webview/compare/main.tsx", fake: "test/webview/fake/compare-host.ts" },
  /** Results by themselves: every kind of artifact in every state. */
  results: { page: "test/webview/results-page/main.tsx", fake: "test/webview/fake/page.ts" },
  /** The controls that all pages are made of. */
  controls: { page: "test/webview/controls-page/main.tsx", fake: "test/webview/fake/page.ts" },
};

export type View = keyof typeof pages;

export const views = Object.keys(pages) as View[];

/** What looks for faults in a page, for the tests: test/webview/axe.ts. */
const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".ttf": "font/ttf",
  ".woff2": "font/woff2",
  ".html": "text/html; charset=utf-8",
};

export class PageServer {
  private constructor(
    private readonly server: Server,
    /** http://127.0.0.1:PORT */
    readonly address: string,
  ) {}

  /** Builds the pages that are asked for and serves them; `root` is the repository's folder, port 0 takes a free one. */
  static async start(root: string, wanted: readonly View[], port = 0): Promise<PageServer> {
    const files = new Map<string, Uint8Array>([["/axe.js", await readFile(axeFile)]]);
    const built = await Promise.all(wanted.map(async (view) => [view, await build(root, view)] as const));
    for (const [view, outputs] of built) for (const [name, bytes] of outputs) files.set(`/${view}/${name}`, bytes);
    for (const font of ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"])
      files.set(`/fonts/${font}.woff2`, await readFile(path.join(root, `test/webview/fonts/${font}.woff2`)));
    // A test's browser lasts no longer than its server: what it has read and compiled once, it need not again.
    const keep = port === 0 ? "max-age=86400" : "no-store";
    const server = createServer((request, response) => answer(request, response, files, keep));
    await new Promise<void>((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
    return new PageServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, Uint8Array>,
  keep: string,
): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  try {
    const body = bodyOf(url, files);
    const type = typeof body === "string" ? types[".html"] : types[path.extname(url.pathname)];
    response
      .writeHead(200, {
        "content-type": type ?? "application/octet-stream",
        "cache-control": typeof body === "string" ? "no-store" : keep,
      })
      .end(body);
  } catch (error) {
    // An address that names no theme, no state, no file: said where it was asked for.
    response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end(String(error));
  }
}

function bodyOf({ pathname, searchParams }: URL, files: ReadonlyMap<string, Uint8Array>): string | Uint8Array {
  if (pathname === "/") return galleryPage();
  const view = views.find((one) => pathname === `/${one}/`);
  if (view)
    return pageOf(view, searchParams.get("theme") ?? "dark", searchParams.get("scene"), searchParams.has("still"));
  const file = files.get(pathname);
  if (!file) throw new RangeError(`There is no ${pathname}.`);
  return file;
}

/**
 * The page that the extension makes, and before its script VS Code's part: a theme, and the fake host in a scene. In
 * `still` pages nothing moves: what moved once is drawn by Chromium a little otherwise afterwards, now and then.
 */
function pageOf(view: View, theme: string, scene: string | null, still: boolean): string {
  const { bodyClass, variables } = themeOf(theme);
  const html = webviewPage({
    cspSource: "'self'",
    script: `${view}.js`,
    style: `${view}.css`,
    title: "efficientnet-lite0.onnx",
  });
  const nonce = /nonce="([^"]+)"/.exec(html)?.[1] ?? "";
  const style = Object.entries(variables)
    .map(([name, value]) => `--vscode-${name}:${value}`)
    .join(";");
  const scenario = scene === null ? "" : `globalThis.scenario=${JSON.stringify(sceneOf(view, scene).scenario)};`;
  return html
    .replace("<html ", `<html style="${style.replaceAll('"', "'")}" `)
    .replace(
      "<head>",
      `<head><style>${fontFaces}${still ? stillness : ""}</style><style id="_defaultStyles">${defaultStyles}</style><link rel="icon" href="data:,">`,
    )
    .replace("<body>", `<body class="${bodyClass}">`)
    .replace(
      `<script nonce="${nonce}"`,
      `<script nonce="${nonce}">${scenario.replaceAll("<", "\\u003c")}</script><script nonce="${nonce}" src="fake.js"></script>$&`,
    );
}

const stillness = "*,*::before,*::after{transition:none!important;animation:none!important}";

const fontFaces = [
  ["Packed Sans", "normal", "DejaVuSans"],
  ["Packed Sans", "bold", "DejaVuSans-Bold"],
  ["Packed Mono", "normal", "DejaVuSansMono"],
]
  .map(
    ([family, weight, file]) =>
      `@font-face{font-family:"${family}";font-weight:${weight};src:url("../fonts/${file}.woff2");font-display:block}`,
  )
  .join("");

/** Files by name, built as esbuild.mjs builds them. */
async function build(root: string, view: View): Promise<Map<string, Uint8Array>> {
  const browser = {
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: "browser",
    target: "chrome120",
    format: "iife",
    jsx: "automatic",
    jsxImportSource: "preact",
    alias: { react: "preact/compat", "react-dom": "preact/compat" },
    loader: { ".ttf": "file", ".svg": "dataurl" },
    assetNames: "[name]",
    logLevel: "warning",
    define: { "process.env.NODE_ENV": '"development"' },
  } satisfies esbuild.BuildOptions;
  const cat = Buffer.from(await catPixels(root)).toString("base64");
  const results = await Promise.all([
    esbuild.build({ ...browser, entryPoints: [pages[view].page], outfile: `dist/webview/${view}.js` }),
    esbuild.build({
      ...browser,
      entryPoints: [pages[view].fake],
      outfile: "dist/webview/fake.js",
      banner: { js: `globalThis.catPixels = "${cat}";` },
    }),
  ]);
  return new Map(
    results.flatMap((result) => result.outputFiles ?? []).map((file) => [path.basename(file.path), file.contents]),
  );
}

/** The centre of samples/cat.png as the model sees it: RGB bytes [224, 224, 3]. */
async function catPixels(root: string): Promise<Uint8Array> {
  return sharp(path.join(root, "samples/cat.png"))
    .extract({ left: 75, top: 0, width: 300, height: 300 })
    .resize(224, 224)
    .removeAlpha()
    .raw()
    .toBuffer();
}
