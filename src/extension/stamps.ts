import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { RemoteError } from "../protocol/link.ts";
import { isDataName } from "../protocol/formats.ts";

/**
 * What changes when the file's content does: size and time of change. Rejects, for a person, when there is no such
 * file.
 */
export async function stampOf(file: string): Promise<string> {
  try {
    const info = await stat(file);
    return `${info.size}-${info.mtimeMs}`;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new RemoteError(
      "DataError",
      missing
        ? `The file ${path.basename(file)} no longer exists.`
        : `${path.basename(file)} cannot be read: ${String(error)}`,
      file,
      "It may have been moved, renamed or deleted. Choose another file, or restore it.",
    );
  }
}

/**
 * The files that hold models' weights apart, by the model's path: known once the engine has described it. They may lie
 * anywhere, under any name.
 */
export class DataFiles {
  private readonly known = new Map<string, readonly string[]>();
  private readonly listeners = new Set<(model: string) => void>();

  of(model: string): readonly string[] {
    return this.known.get(model) ?? [];
  }

  learn(model: string, files: readonly string[] = []): void {
    if (this.of(model).join("\n") === files.join("\n")) return;
    this.known.set(model, files);
    for (const listener of this.listeners) listener(model);
  }

  /** Tells which model's files have become known, or others. */
  onLearned(listener: (model: string) => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }
}

/** Of all models of this window. */
export const dataFiles = new DataFiles();

/** The model's stamp, and those of the files that hold its weights: of what beside it looks so until they are known. */
export async function modelStamp(model: string, data: DataFiles = dataFiles): Promise<string> {
  return [
    await fileStamp(model),
    ...(await Promise.all(data.of(model).map(async (file) => `${file} ${await stampOf(file).catch(() => "gone")}`))),
  ].join(" ");
}

/** The model's stamp and those of files beside it that can say how to feed it, or name its classes. */
export async function recipeStamp(model: string): Promise<string> {
  return [
    await fileStamp(model),
    ...(await stampsBeside(model, (name) => /\.(json|txt|labels|names)$/i.test(name))),
  ].join(" ");
}

async function fileStamp(model: string): Promise<string> {
  return [await stampOf(model), ...(await stampsBeside(model, isDataName))].join(" ");
}

async function stampsBeside(model: string, wanted: (name: string) => boolean): Promise<string[]> {
  const folder = path.dirname(model);
  const names = (await readdir(folder).catch(() => [])).filter(wanted).sort().slice(0, 200);
  return Promise.all(
    names.map(async (name) => `${name} ${await stampOf(path.join(folder, name)).catch(() => "gone")}`),
  );
}
