import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from "node:fs";

/** A file to put in another's place. */
export interface Replacement {
  /** Where it was written; undefined where the file at `to` is to go. */
  readonly from: string | undefined;
  readonly to: string;
}

/**
 * Puts several files in the place of others that belong together, each by a rename. What stood there is kept as
 * TO.before until all are in place: where one cannot be moved, all is put back as it was, and after a crash in between
 * the earlier files are still there.
 */
export function replaceTogether(replacements: readonly Replacement[]): void {
  const earlier = replacements.filter(({ to }) => existsSync(to)).map(({ to }) => ({ to, kept: `${to}.before` }));
  for (const { to, kept } of earlier) keepAs(to, kept);
  try {
    for (const { from, to } of replacements) if (from !== undefined) renameSync(from, to);
    for (const { from, to } of replacements) if (from === undefined) rmSync(to, { force: true });
  } catch (error) {
    for (const { to } of replacements) if (!earlier.some((one) => one.to === to)) rmSync(to, { force: true });
    for (const { to, kept } of earlier) renameSync(kept, to);
    throw error;
  } finally {
    // Two names of one file stay two when one is renamed to the other.
    for (const { kept } of earlier) rmSync(kept, { force: true });
  }
}

/** A second name for a file; a copy where the disk knows no such names. */
function keepAs(file: string, kept: string): void {
  rmSync(kept, { force: true });
  try {
    linkSync(file, kept);
  } catch {
    copyFileSync(file, kept);
  }
}
