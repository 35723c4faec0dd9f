import "@vscode/codicons/dist/codicon.css";
import "../ui/base.css";
import "../explain/explain.css";
import "./compare.css";
import type { CompareHost, CompareView } from "../../src/protocol/compare.ts";
import { Link } from "../../src/protocol/link.ts";
import { memory, wire } from "../ui/host.ts";
import { mount } from "../ui/mount.ts";
import { Compare } from "./compare.tsx";
import { CompareController } from "./controller.ts";

const link: Link<CompareView, CompareHost> = new Link<CompareView, CompareHost>(wire, {
  changed: ({ boot, reason }) => controller.changed(boot, reason),
});
const controller = new CompareController(link, memory);

// The page goes without notice when its tab is hidden: what was not yet told is told now.
window.addEventListener("pagehide", () => controller.flush());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") controller.flush();
});

void controller.start().then(() => mount(<Compare controller={controller} />));
