import { Link } from "../protocol/link.ts";
import type { EngineApi } from "../protocol/engine.ts";
import { engineHandlers } from "./handlers.ts";
import { parentWire } from "./parent-wire.ts";

// The engine: a process of its own, so that a native crash, an out-of-memory or an endless model costs one job and not
// the editor. It is forked with `serialization: "advanced"`, answers EngineApi, and ends when its parent goes.

if (!process.send) {
  console.error(
    "The engine is started by the extension, which communicates with it over a pipe. In a terminal, use dist/cli.js.",
  );
  process.exit(2);
}
process.on("disconnect", () => process.exit(0));
new Link<EngineApi, Record<never, never>>(parentWire(process), engineHandlers());
