// An extension of its own, loaded beside Neural Loupe in the tests, through which they reach the extension host.
//
// VS Code's own way for that is `extensionTestsPath`; but with it VS Code refuses every modal and file dialog
// (`skipDialogs` in its dialog services), so a person's way through the program could not be walked.
import { randomUUID } from "node:crypto";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import * as vscode from "vscode";
import type { BridgeAddress, BridgeReply, BridgeRequest } from "../harness/bridge.ts";

export function activate(context: vscode.ExtensionContext): Promise<void> {
  const folder = process.env.NEURAL_LOUPE_BRIDGE;
  if (!folder) throw new Error("The test bridge needs NEURAL_LOUPE_BRIDGE: the folder where it leaves its address.");
  const token = randomUUID();
  const server = createServer((request, response) => {
    const reply =
      request.headers.authorization === token
        ? answer(request)
        : Promise.resolve<BridgeReply>({ ok: false, message: "wrong token" });
    void reply.then((body) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(body));
    });
  });
  const file = path.join(folder, `${process.pid}.json`);
  context.subscriptions.push({
    dispose() {
      rmSync(file, { force: true });
      server.close();
    },
  });
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      mkdirSync(folder, { recursive: true });
      const address: BridgeAddress = { pid: process.pid, port, token, started: Date.now() };
      // Renamed into place, so that nobody reads half a file.
      writeFileSync(`${file}.part`, JSON.stringify(address));
      renameSync(`${file}.part`, file);
      resolve();
    });
  });
}

/** Runs the function a test has sent as text, with the API and its arguments. */
async function answer(request: IncomingMessage): Promise<BridgeReply> {
  try {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { source, args } = JSON.parse(body) as BridgeRequest;
    const make = new Function(`return (${source});`) as () => (...all: unknown[]) => unknown;
    return { ok: true, value: await make()(vscode, ...args) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
