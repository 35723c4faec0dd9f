// The user's own browser. Of Node alone: `npm start` needs it before anything is installed.
import { spawn } from "node:child_process";

/** Shows the address in the user's browser; where that cannot be done, it has been printed. */
export function openBrowser(url) {
  const [command, ...args] = { darwin: ["open"], win32: ["cmd", "/c", "start", ""] }[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => console.log("No browser could be opened: please open the address yourself."));
  child.unref();
}
