/** Which files an input can come from, by the ending of their names: what readers read, and what pickers offer. */

export const PICTURE_EXTENSIONS = ["png", "jpg", "jpeg", "webp", "gif", "tif", "tiff", "avif", "bmp"] as const;
export const ARRAY_EXTENSIONS = ["npy", "npz"] as const;
export const TABLE_EXTENSIONS = ["csv", "tsv"] as const;
export const TEXT_EXTENSIONS = ["txt", "md"] as const;
/** Lists and objects of texts and numbers. */
export const LIST_EXTENSIONS = ["json"] as const;

/** Whether a file holds one array, or several by name, by its own name. */
export const isNpy = (name: string): boolean => hasEnding(name, ["npy"]);
export const isNpz = (name: string): boolean => hasEnding(name, ["npz"]);

/** Whether a file holds arrays, by its name: it is taken as it is, past the recipe. */
export function isArrayName(name: string): boolean {
  return hasEnding(name, ARRAY_EXTENSIONS);
}

/** The kind of file that a name says: a list of endings above; undefined for any other. */
export function fileKind(name: string): readonly string[] | undefined {
  const kinds = [PICTURE_EXTENSIONS, ARRAY_EXTENSIONS, TABLE_EXTENSIONS, TEXT_EXTENSIONS, LIST_EXTENSIONS];
  return kinds.find((endings) => hasEnding(name, endings));
}

/** Whether a name ends in one of these, in whatever case. */
export function hasEnding(name: string, endings: readonly string[]): boolean {
  return endings.some((ending) => name.toLowerCase().endsWith(`.${ending}`));
}
