import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ModelError, UsageError } from "../model/errors.ts";
import type { TensorRef } from "../model/graph.ts";
import { BITS, elementCount } from "../model/graph.ts";
import { writeModel, type WritableModel } from "../model/formats/onnx/index.ts";
import { openModel, type OpenModel } from "../model/open.ts";
import type { ExportWeights } from "../protocol/export.ts";
import { replaceTogether } from "./replace.ts";

/** Smaller tensors stay in the model: ONNX Runtime may need their values while it loads it. */
const SMALLEST_OUTSIDE = 1024;
/** Large tensors begin on a page, so that runtimes may map the file into memory. */
const PAGE = 4096;

/**
 * Refuses, before anything is computed, to write where the model or its data lie, or weights where they cannot be found
 * again.
 */
export async function checkPlace(open: OpenModel, out: string, weights: ExportWeights): Promise<void> {
  const folder = dirname(open.path);
  const used = [open.path, ...dataFiles(open).map((file) => resolve(folder, file))];
  for (const path of weights === "data" ? [out, `${out}.data`] : [out]) {
    if (used.includes(path))
      throw new UsageError("The export would overwrite the original model.", path, "Choose another name.");
  }
  // Beside an earlier export its data go with it; else they are somebody else's.
  if (weights === "data" && existsSync(`${out}.data`) && !(await hasData(out)))
    throw new UsageError(
      "A file of this name already exists and is not part of the export.",
      `${out}.data`,
      "Choose another name.",
    );
  if (weights === "external" && dirname(out) !== folder) {
    throw new UsageError(
      "A model that reads its weights from the original file must be in the same folder.",
      out,
      `Write it into ${folder}, or include the weights.`,
    );
  }
}

/** Whether a model file takes its weights from FILE.data beside it: an earlier export with its data. */
async function hasData(file: string): Promise<boolean> {
  if (!existsSync(file) || !existsSync(`${file}.data`)) return false;
  let open: OpenModel;
  try {
    open = await openModel(file);
  } catch {
    // Whatever it is, it is no export of ours.
    return false;
  }
  try {
    return dataFiles(open).includes(basename(`${file}.data`));
  } finally {
    open.close();
  }
}

function dataFiles(open: OpenModel): string[] {
  const files = open.model.graph.initializers.flatMap(({ storage }) =>
    storage.kind === "file" && storage.file !== "" ? [storage.file] : [],
  );
  return [...new Set(files)];
}

/**
 * Writes the model (and OUT.data) aside and lets `check` read that back; only then does it take the place of what may
 * stand there, with the data of an earlier export. Where `check` throws, or something cannot be written, all is as it
 * was. Gives the paths and the bytes written.
 */
export async function writeFiles<T>(
  model: WritableModel,
  open: OpenModel,
  { out, weights }: { out: string; weights: ExportWeights },
  check: (path: string) => Promise<T>,
): Promise<{ files: string[]; size: number; checked: T }> {
  const data = `${out}.data`;
  let draft: Draft | undefined;
  try {
    draft = draftFor(out, weights);
    if (draft.data !== undefined) writeData(model.graph.initializers, open, draft.data);
    const { bytes } = writeModel(
      {
        ...model,
        graph: { ...model.graph, initializers: placed(model.graph.initializers, open, basename(data), weights) },
      },
      open,
      { external: weights !== "included" },
    );
    writeFileSync(draft.model, bytes);
    const checked = await check(draft.model);
    const stale = draft.data === undefined && (await hasData(out));
    replaceTogether([
      ...(draft.data !== undefined || stale ? [{ from: draft.data, to: data }] : []),
      { from: draft.model, to: out },
    ]);
    const files = weights === "data" ? [out, data] : [out];
    return { files, size: files.reduce((sum, file) => sum + statSync(file).size, 0), checked };
  } catch (error) {
    throw systemError(error, out);
  } finally {
    draft?.remove();
  }
}

/** Where files are written until they were checked. */
interface Draft {
  readonly model: string;
  readonly data?: string;
  remove(): void;
}

/**
 * On the same disk as `out`. With data, in a folder of their own, where both have their names: the model holds its
 * data's.
 */
function draftFor(out: string, weights: ExportWeights): Draft {
  if (weights !== "data") return { model: `${out}.part`, remove: () => rmSync(`${out}.part`, { force: true }) };
  const folder = mkdtempSync(`${out}.part-`);
  return {
    model: join(folder, basename(out)),
    data: join(folder, `${basename(out)}.data`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function systemError(error: unknown, out: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^E[A-Z]+$/.test(code)
    ? new ModelError(`The explanation could not be written (${code}).`, out, "Choose an existing, writable folder.")
    : error;
}

/** Where each initializer is for who reads the written model. */
function placed(
  initializers: readonly TensorRef[],
  open: OpenModel,
  data: string,
  weights: ExportWeights,
): TensorRef[] {
  if (weights === "included") return [...initializers];
  if (weights === "data")
    return layout(initializers).map(({ tensor, offset, length }) =>
      offset === undefined ? tensor : { ...tensor, storage: { kind: "file", file: data, offset, length } },
    );
  // The writer calls the original's own file "model": here it has its name.
  const own = basename(open.path);
  return initializers.map((tensor) =>
    tensor.storage.kind === "file" && tensor.storage.file === "" && tensor.storage.length >= SMALLEST_OUTSIDE
      ? { ...tensor, storage: { ...tensor.storage, file: own } }
      : tensor,
  );
}

/** Where each initializer lies in OUT.data; no offset for those that stay in the model. */
function layout(
  initializers: readonly TensorRef[],
): { tensor: TensorRef; offset: number | undefined; length: number }[] {
  let end = 0;
  return initializers.map((tensor) => {
    const length = Math.ceil((elementCount(tensor.dims) * BITS[tensor.dataType]) / 8);
    if (tensor.dataType === "string" || length < SMALLEST_OUTSIDE) return { tensor, offset: undefined, length };
    const offset = Math.ceil(end / PAGE) * PAGE;
    end = offset + length;
    return { tensor, offset, length };
  });
}

function writeData(initializers: readonly TensorRef[], open: OpenModel, path: string): void {
  const file = openSync(path, "w");
  try {
    for (const { tensor, offset } of layout(initializers))
      if (offset !== undefined) writeFully(file, open.bytesOf(tensor), offset);
  } finally {
    closeSync(file);
  }
}

/** One call may write less than it is given. */
function writeFully(file: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30), offset + done);
}
