/** A format of model files, as dialogs, menus and watchers know it; its reader is src/model/formats/ID. */
export interface ModelFormat {
  readonly id: string;
  /** "ONNX" */
  readonly title: string;
  /** Endings of file names, without the dot; the first is the usual one. */
  readonly extensions: readonly [string, ...string[]];
  /** Endings of files beside a model that may hold its weights. */
  readonly dataExtensions: readonly string[];
}

/** The format in which explanations are exported, and ONNX Runtime takes models. */
export const ONNX = {
  id: "onnx",
  title: "ONNX",
  extensions: ["onnx"],
  dataExtensions: ["data", "bin", "pb", "weights", "onnx_data"],
} as const satisfies ModelFormat;

const FORMATS = [ONNX] as const satisfies readonly ModelFormat[];

export type ModelFormatId = (typeof FORMATS)[number]["id"];

/** The formats that can be opened. */
export const MODEL_FORMATS: readonly ModelFormat[] = FORMATS;

/** Whether a file's name ends as a format's do, in whatever case. */
export function hasFormat(name: string, { extensions }: { readonly extensions: readonly string[] }): boolean {
  return extensions.some((extension) => name.toLowerCase().endsWith(`.${extension}`));
}

/** The endings of model files, without the dot. */
export const MODEL_EXTENSIONS: readonly string[] = MODEL_FORMATS.flatMap(({ extensions }) => extensions);

/** Whether a file beside a model may hold its weights, by its name. */
export function isDataName(name: string): boolean {
  return MODEL_FORMATS.some(({ dataExtensions }) => hasFormat(name, { extensions: dataExtensions }));
}

export function isModelName(name: string): boolean {
  return MODEL_FORMATS.some((format) => hasFormat(name, format));
}

/** Formats in words: "ONNX (.onnx)". */
export function formatsText(formats: readonly ModelFormat[] = MODEL_FORMATS): string {
  return formats
    .map(({ title, extensions }) => `${title} (${extensions.map((extension) => `.${extension}`).join(", ")})`)
    .join(", ");
}
