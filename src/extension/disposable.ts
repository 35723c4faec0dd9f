/** What has to be let go of: VS Code's own disposables are such. */
export interface DisposableLike {
  dispose(): unknown;
}

/** Disposes what was registered with it, the last first, when it is disposed itself. */
export class Disposable implements DisposableLike {
  private readonly registered: DisposableLike[] = [];
  private disposed = false;

  /** Gives back what it was given. What comes too late is disposed at once. */
  protected register<T extends DisposableLike>(disposable: T): T {
    if (this.disposed) disposable.dispose();
    else this.registered.push(disposable);
    return disposable;
  }

  dispose(): void {
    this.disposed = true;
    for (const disposable of this.registered.splice(0).reverse()) disposable.dispose();
  }
}
