import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Captum and pytorch-grad-cam in a Python process that stays. */
export class Peer {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
  ) {}

  static async start(python: string): Promise<Peer> {
    const child = spawn(python, [join("test", "bench", "peer.py")], { stdio: ["pipe", "pipe", "pipe"] });
    child.stderr.on("data", () => undefined);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    for (let line = await lines.next(); line.value !== "ready"; line = await lines.next())
      if (line.done) throw new Error("Captum's process ended before it was ready.");
    const peer = new Peer(child, lines);
    await peer.time("saliency"); // its first run makes what later ones use
    return peer;
  }

  async time(method: string): Promise<number> {
    this.child.stdin.write(`${method}\n`);
    const line = await this.lines.next();
    if (line.done) throw new Error(`Captum's process ended while it ran ${method}.`);
    return Number(line.value) * 1000;
  }

  stop(): void {
    this.child.stdin.end();
    this.child.kill();
  }
}
