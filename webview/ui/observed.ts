/** One snapshot that every change replaces, and those who are told. */
export abstract class Observed<Snapshot> {
  private readonly listeners = new Set<() => void>();

  constructor(private current: Snapshot) {}

  get snapshot(): Snapshot {
    return this.current;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  protected replace(snapshot: Snapshot): void {
    this.current = snapshot;
    for (const listener of [...this.listeners]) listener();
  }
}
