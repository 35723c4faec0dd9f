/** Lets messages in (a cancel among them) between runs that block the thread. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
