import type { Problem } from "../../graph.ts";
import type { TruncatedError } from "./wire.ts";

/** An external data file: its size, or why it may not or cannot be read. */
export type ExternalFile = { readonly file: string; readonly size: number } | { readonly problem: string };

/** What the parts of the reader share while one file is read. */
export interface ReadContext {
  readonly problems: Problem[];
  /** Looks an external_data location up. */
  external(location: string): ExternalFile;
  /** Set when the file ends before the model does: what was read so far is kept. */
  truncated?: TruncatedError;
}
