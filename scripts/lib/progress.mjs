// What the scripts say while they work: one line for each task, with the time that it took.

/**
 * Runs a task and prints " WHAT ... 14 s". `usually` says how long to expect, where that is long: "some minutes, once".
 * Whatever the task itself would print belongs into its error.
 */
export async function task(what, work, { usually } = {}) {
  const started = Date.now();
  process.stdout.write(`  ${what}${usually ? ` (${usually})` : ""} ... `);
  try {
    const value = await work();
    console.log(duration(Date.now() - started));
    return value;
  } catch (error) {
    console.log(`failed after ${duration(Date.now() - started)}`);
    throw error;
  }
}

/** Milliseconds as "14 s" or "2 min 5 s". */
export function duration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 100 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
