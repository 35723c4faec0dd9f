/**
 * Once, before the first of these tests: the Chromium that all of them need. Without one nothing is run, and the last
 * line says what to do.
 */
import { prepareMachine } from "../../scripts/lib/machine.mjs";

export async function setup(): Promise<void> {
  try {
    await prepareMachine({ browser: true });
  } catch (error) {
    // Thrown, it would come out below "No test files found" and above a stack of vitest's own.
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
