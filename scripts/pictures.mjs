// Takes the README's pictures again, from a real VS Code: `node scripts/pictures.mjs [TEXT]` (only flows whose name
// contains TEXT). The flows that take them are test/integration/flows/pictures.flow.ts. Look at each before you commit
// it.
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { root, runOrThrow } from "./lib/commands.mjs";
import { ensureDependencies } from "./lib/dependencies.mjs";
import { prepareMachine } from "./lib/machine.mjs";
import { runIntegration } from "./integration.mjs";

const taken = path.join(root, "test/screenshots/readme");
const kept = path.join(root, "docs/images");

await prepareMachine({ browser: true, server: true });
await ensureDependencies();
await runOrThrow(process.execPath, ["esbuild.mjs"]);
await rm(taken, { recursive: true, force: true });
const { failed } = await runIntegration({ pictures: true, only: process.argv[2] });
const { default: sharp } = await import("sharp");
await mkdir(kept, { recursive: true });
for (const name of failed ? [] : await readdir(taken)) {
  // 256 colours are enough for a program's window, and a third of the size.
  await sharp(path.join(taken, name))
    .png({ palette: true, effort: 10, compressionLevel: 9 })
    .toFile(path.join(kept, name));
  console.log(`docs/images/${name}: ${Math.round((await stat(path.join(kept, name))).size / 1000)} KB`);
}
process.exitCode = failed ? 1 : 0;
