import { readdir, stat } from "node:fs/promises";
import path from "node:path";

/** What bundles were called in earlier versions. */
const EARLIER: Readonly<Record<string, string>> = {
  "webview/panel": "webview/explain",
  "webview/editor": "webview/model",
};

/** Kilobytes of each production bundle of a staged extension, by its name today; all of them at the end. */
export async function bundleSizes(folder: string): Promise<ReadonlyMap<string, number>> {
  const dist = path.join(folder, "dist");
  const files = (await readdir(dist, { recursive: true })).filter((name) => /\.(js|css)$/.test(name)).sort();
  const sizes = new Map<string, number>();
  let all = 0;
  for (const file of files) {
    const { dir, name, ext } = path.parse(file.split(path.sep).join("/"));
    const stem = dir ? `${dir}/${name}` : name;
    const size = (await stat(path.join(dist, file))).size / 1000;
    sizes.set((EARLIER[stem] ?? stem) + ext, size);
    all += size;
  }
  return sizes.set("all bundles", all);
}
