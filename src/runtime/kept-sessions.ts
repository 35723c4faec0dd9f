import { Leased } from "./lease.ts";
import type { MemoryBudget } from "./memory.ts";
import type { Session } from "./ort.ts";

/** A model's sessions, each made once and kept while the budget has room. */
export class KeptSessions {
  private readonly sessions = new Map<string, Leased<Promise<Session>>>();

  /**
   * @param prefix What their keys in the budget begin with.
   * @param onMade A session was made, and the model's file read for it.
   */
  constructor(
    private readonly budget: MemoryBudget,
    private readonly prefix: string,
    private readonly onMade: () => void,
  ) {}

  /** A session made once for each key, kept until `work` has ended at least. A key stands for one kind of session. */
  use<S extends Session, R>(key: string, make: () => Promise<S>, work: (session: S) => Promise<R>): Promise<R> {
    let leased = this.sessions.get(key);
    if (leased) this.budget.touch(`${this.prefix}${key}`);
    else
      this.sessions.set(
        key,
        (leased = new Leased(
          this.open(key, make),
          (session) =>
            void session.then(
              (made) => made.release(),
              () => undefined,
            ),
        )),
      );
    return leased.use(async (made) => {
      const session = (await made) as S;
      if (session.runBytes !== undefined) this.budget.makeRoom(session.runBytes);
      return work(session);
    });
  }

  /** Lets go of all, also of what is still being made and not yet in the budget. */
  forget(): void {
    for (const [key, session] of [...this.sessions]) this.letGo(key, session);
  }

  private async open(key: string, make: () => Promise<Session>): Promise<Session> {
    try {
      // Not at once: first it is among the sessions.
      const session = await Promise.resolve().then(make);
      const leased = this.sessions.get(key);
      if (leased)
        this.budget.keep(`${this.prefix}${key}`, { bytes: session.bytes, drop: () => this.letGo(key, leased) });
      this.onMade();
      return session;
    } catch (error) {
      this.sessions.delete(key);
      throw error;
    }
  }

  private letGo(key: string, session: Leased<Promise<Session>>): void {
    if (this.sessions.get(key) === session) this.sessions.delete(key);
    session.retire();
  }
}
