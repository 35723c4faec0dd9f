import "@vscode/codicons/dist/codicon.css";
import "../ui/base.css";
import "./explain.css";
import type { PanelHost, PanelView } from "../../src/protocol/panel.ts";
import { Link } from "../../src/protocol/link.ts";
import { memory, wire } from "../ui/host.ts";
import { mount } from "../ui/mount.ts";
import { PanelController } from "./controller.ts";
import { Panel } from "./panel.tsx";

const link: Link<PanelView, PanelHost> = new Link<PanelView, PanelHost>(wire, {
  changed: ({ boot, reason }) => controller.changed(boot, reason),
});
const controller = new PanelController(link, memory);

// The page goes without notice when its tab is hidden: what was not yet told is told now.
window.addEventListener("pagehide", () => controller.flush());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") controller.flush();
});

void controller.start().then(() => mount(<Panel controller={controller} />));
