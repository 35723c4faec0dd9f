/** Something that several use at once: once it is retired, it is disposed of after its last user. */
export class Leased<T> {
  private users = 0;
  private state: "kept" | "retired" | "disposed" = "kept";

  constructor(
    readonly value: T,
    private readonly dispose: (value: T) => void,
  ) {}

  /** It stays at least until `work` has ended. */
  async use<R>(work: (value: T) => R | Promise<R>): Promise<R> {
    const end = this.hold();
    try {
      return await work(this.value);
    } finally {
      end();
    }
  }

  /** Another user, until the function that it gives is called. */
  hold(): () => void {
    if (this.state === "disposed") throw new Error("This has been disposed of and cannot be used.");
    this.users++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.users--;
      this.disposeIfUnused();
    };
  }

  /** Nobody asks for it again: disposed of at once, or after its last user. */
  retire(): void {
    if (this.state === "kept") this.state = "retired";
    this.disposeIfUnused();
  }

  private disposeIfUnused(): void {
    if (this.state !== "retired" || this.users > 0) return;
    this.state = "disposed";
    this.dispose(this.value);
  }
}
