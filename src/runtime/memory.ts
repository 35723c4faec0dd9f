import { freemem } from "node:os";

const MEBI = 2 ** 20;

/** Something that is kept for the next time and can be made again. */
export interface Kept {
  /** About what it takes, in bytes. */
  readonly bytes: number;
  /** Told once when it is no longer kept. What is in use then is given up by its last user. */
  drop(): void;
}

/**
 * What all models of a process keep between runs, bounded by bytes: sessions, traces, rewritten models, file buffers, a layer's values. What was used
 * longest ago goes first.
 */
export class MemoryBudget {
  private readonly kept = new Map<string, Kept>();
  private total = 0;

  /** bound: bytes; by default what NEURAL_LOUPE_MEMORY says in MB, else half of what is available to this process, asked anew each time. */
  constructor(private readonly bound: number | undefined = boundInEnvironment(), private readonly most = MOST_KEPT) {}

  /** Bytes that may be taken. */
  get limit(): number {
    return this.bound ?? halfOfAvailable();
  }

  /** Whether a person said how much that is. */
  get isSet(): boolean {
    return this.bound !== undefined;
  }

  /** Bytes of all that is kept. */
  get used(): number {
    return this.total;
  }

  /** Keeps a value under a key (another one of this key is dropped), and drops what was used longest ago until all is within the limit: itself last. */
  keep(key: string, value: Kept): void {
    this.forget(key);
    this.kept.set(key, value);
    this.total += value.bytes;
    this.makeRoom(0);
  }

  /** Counts as used now; false where nothing is kept under this key. */
  touch(key: string): boolean {
    const value = this.kept.get(key);
    if (!value) return false;
    this.kept.delete(key);
    this.kept.set(key, value);
    return true;
  }

  forget(key: string): void {
    const value = this.kept.get(key);
    if (!value) return;
    this.kept.delete(key);
    this.total -= value.bytes;
    value.drop();
  }

  /** Drops all whose keys begin so. */
  forgetAll(prefix: string): void {
    for (const key of [...this.kept.keys()]) if (key.startsWith(prefix)) this.forget(key);
  }

  /** Drops what was used longest ago until `bytes` more are within the limit, or nothing is left. */
  makeRoom(bytes: number): void {
    const { limit } = this;
    while (this.kept.size > 0 && (this.total + bytes > limit || this.kept.size > this.most)) this.forget(this.kept.keys().next().value!);
  }
}

/** Each session has threads of its own: more than so many things are not kept, however small. */
const MOST_KEPT = 96;

/** Bytes that this process may still take: what its container or the machine has left, where Node can tell (20.13, 22). */
export function availableMemory(): number {
  const { availableMemory: available } = process as { availableMemory?: () => number };
  const bytes = available?.();
  return bytes !== undefined && bytes > 0 ? bytes : freemem();
}

/** Half of what this process has and could have. */
function halfOfAvailable(): number {
  return (availableMemory() + process.memoryUsage.rss()) / 2;
}

/** The environment's NEURAL_LOUPE_MEMORY in bytes; the extension sets it from its setting. Not a number over 0: half of what is available. */
function boundInEnvironment(): number | undefined {
  const megabytes = Number(process.env.NEURAL_LOUPE_MEMORY ?? 0);
  return megabytes > 0 ? megabytes * MEBI : undefined;
}
