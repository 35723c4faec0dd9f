import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { canonicalJson } from "../protocol/job.ts";
import { readData, writeData } from "./result-file.ts";

/**
 * Results on disk by the hash of all that made them. Files are written whole and then renamed, so several windows may
 * share the folder; a file that cannot be read is dropped; when all are over the limit, those used longest ago go
 * first.
 */
export class ResultCache {
  /** folder: made when needed. limit: bytes, asked anew each time. */
  constructor(
    private readonly folder: string,
    private readonly limit: () => number,
    private readonly log: (line: string) => void,
  ) {}

  /** What was put under this key, or undefined. Short typed arrays may be views over one buffer. */
  async get(key: string): Promise<unknown> {
    const file = this.file(key);
    try {
      const entry = (await readData(file)) as { format?: unknown; key?: unknown; value?: unknown };
      if (entry.format !== format || entry.key !== key) throw new Error("another format or key");
      await utimes(file, new Date(), new Date()).catch(() => undefined /* dropped meanwhile by another window */);
      return entry.value;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (code !== undefined && /^E[A-Z]+$/.test(code)) {
        this.log(`cache: cannot read ${file}: ${String(error)}`);
        return undefined;
      }
      this.log(`cache: dropped ${path.basename(file)}, which cannot be read (${String(error)})`);
      await rm(file, { force: true });
      return undefined;
    }
  }

  /**
   * Keeps a value of plain data, which must not be changed any more. A full or read-only disk is logged and otherwise
   * without effect: it is only a cache.
   */
  async put(key: string, value: unknown): Promise<void> {
    const temporary = path.join(this.folder, `${randomBytes(9).toString("hex")}.tmp`);
    try {
      await mkdir(this.folder, { recursive: true });
      if (!(await writeData(temporary, { format, key, value }, this.limit()))) return;
      await rename(temporary, this.file(key));
      await this.trim();
    } catch (error) {
      this.log(`cache: cannot keep a result: ${String(error)}`);
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** Drops what was used longest ago until all is within the limit, and what broken-off writes left an hour ago. */
  private async trim(): Promise<void> {
    const names = await readdir(this.folder);
    const files = (
      await Promise.all(
        names.map(async (name) => {
          const file = path.join(this.folder, name);
          const info = await stat(file).catch(() => undefined);
          return info ? [{ file, size: info.size, used: info.mtimeMs }] : [];
        }),
      )
    )
      .flat()
      .sort((a, b) => a.used - b.used);
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { file, size, used } of files) {
      const left = file.endsWith(".tmp");
      if (left ? Date.now() - used < 3_600_000 : total <= this.limit()) continue;
      await rm(file, { force: true });
      total -= size;
    }
  }

  private file(key: string): string {
    return path.join(this.folder, `${key}.result`);
  }
}

/** Raised when what is kept changes its form. */
const format = "neural-loupe 3";

/** The hash of plain data, whatever the order of its keys: 64 hexadecimal digits. */
export function hashOf(data: unknown): string {
  return createHash("sha256").update(canonicalJson(data)).digest("hex");
}
