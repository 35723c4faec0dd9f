import { freemem } from "node:os";
import { LRUCache } from "lru-cache";

const MEBI = 2 ** 20;

/** Something that is kept for the next time and can be made again. */
export interface Kept {
  /** About what it takes, in bytes. */
  readonly bytes: number;
  /** Told once when it is no longer kept. What is in use then is given up by its last user. */
  drop(): void;
}

/**
 * What all models of a process keep between runs, bounded by bytes: sessions, traces, rewritten models, file buffers, a
 * layer's values. What was used longest ago goes first.
 */
export class MemoryBudget {
  private readonly kept: LRUCache<string, Kept>;

  /**
   * bound: bytes; by default what NEURAL_LOUPE_MEMORY says in MB, else half of what is available to this process, asked
   * anew each time.
   */
  constructor(
    private readonly bound: number | undefined = boundInEnvironment(),
    limit = MOST_KEPT,
  ) {
    // The limit may move while things are kept: `makeRoom` holds it, the cache knows the order and the sizes.
    this.kept = new LRUCache({
      max: limit,
      maxSize: Number.MAX_SAFE_INTEGER,
      sizeCalculation: ({ bytes }) => Math.max(1, Math.ceil(bytes)),
      dispose: ({ drop }) => drop(),
    });
  }

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
    return this.kept.calculatedSize;
  }

  /**
   * Keeps a value under a key (another one of this key is dropped), and drops what was used longest ago until all is
   * within the limit: itself last.
   */
  keep(key: string, value: Kept): void {
    this.kept.set(key, value);
    this.makeRoom(0);
  }

  /** Counts as used now; false where nothing is kept under this key. */
  touch(key: string): boolean {
    return this.kept.get(key) !== undefined;
  }

  forget(key: string): void {
    this.kept.delete(key);
  }

  /** Drops all whose keys begin so. */
  forgetAll(prefix: string): void {
    for (const key of [...this.kept.keys()]) if (key.startsWith(prefix)) this.forget(key);
  }

  /** Drops what was used longest ago until `bytes` more are within the limit, or nothing is left. */
  makeRoom(bytes: number): void {
    const { limit } = this;
    while (this.kept.size > 0 && this.used + bytes > limit) this.kept.pop();
  }
}

/** Each session has threads of its own: more than so many things are not kept, however small. */
const MOST_KEPT = 96;

/**
 * Bytes that this process may still take: what its container or the machine has left, where Node can tell (20.13, 22).
 */
export function availableMemory(): number {
  const { availableMemory: available } = process as { availableMemory?: () => number };
  const bytes = available?.();
  return bytes !== undefined && bytes > 0 ? bytes : freemem();
}

/** Half of what this process has and could have. */
function halfOfAvailable(): number {
  return (availableMemory() + process.memoryUsage.rss()) / 2;
}

/**
 * The environment's NEURAL_LOUPE_MEMORY in bytes; the extension sets it from its setting. Not a number over 0: half of
 * what is available.
 */
function boundInEnvironment(): number | undefined {
  const megabytes = Number(process.env.NEURAL_LOUPE_MEMORY ?? 0);
  return megabytes > 0 ? megabytes * MEBI : undefined;
}
