import path from "node:path";
import * as vscode from "vscode";
import { EngineProcess } from "./engine-process.ts";

/** The window's one engine, with VS Code's settings; what it says goes to the log. No process is started yet. */
export function createEngine(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): EngineProcess {
  const setting = <T>(name: string): T | undefined => vscode.workspace.getConfiguration("neuralLoupe").get<T>(name);
  const engine = new EngineProcess({
    fork: () => ({
      script: context.asAbsolutePath(path.join("dist", "engine.js")),
      node: setting<string>("engine.node")?.trim() || undefined,
      env: {
        NEURAL_LOUPE_MEMORY: String(setting<number>("memoryBudget") ?? 0),
        NEURAL_LOUPE_THREADS: String(setting<number>("threads") ?? 0),
      },
    }),
    idleMilliseconds: () => Math.max(0.1, setting<number>("engine.idleMinutes") ?? 5) * 60_000,
    log: (line) => log.info(line),
    onBroken: (error) => void offerAnotherNode(error.message),
  });
  context.subscriptions.push(
    engine,
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (["engine.node", "memoryBudget", "threads"].some((name) => change.affectsConfiguration(`neuralLoupe.${name}`)))
        engine.restart();
    }),
  );
  return engine;
}

async function offerAnotherNode(message: string): Promise<void> {
  const settings = "Choose Another Node.js";
  const log = "Show Log";
  const restart = "Restart Engine";
  const answer = await vscode.window.showErrorMessage(message, settings, restart, log);
  if (answer === settings)
    await vscode.commands.executeCommand("workbench.action.openSettings", "neuralLoupe.engine.node");
  if (answer === log) await vscode.commands.executeCommand("neuralLoupe.showLog");
  if (answer === restart) await vscode.commands.executeCommand("neuralLoupe.restartEngine");
}
