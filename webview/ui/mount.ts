import "@vscode/codicons/dist/codicon.css";
import "./base.css";
import { h, render } from "preact";
import type { ComponentType } from "preact";
import { Link } from "../../src/protocol/link.ts";
import type { Methods } from "../../src/protocol/link.ts";
import type { SessionView } from "../../src/protocol/session.ts";
import { memory, wire } from "./host.ts";
import type { HostLink, Memory, Store } from "./store.ts";

type Bootable = { ready(request: Record<string, never>): unknown };

/**
 * Makes a page of its controller and its view, in place of the skeleton (`#app`), which stays until the extension has
 * answered.
 */
export function mountPage<Host extends Methods<Host> & Bootable, Controller extends Store<Host, object>>(
  Controller: new (link: HostLink<Host>, memory: Memory) => Controller,
  View: ComponentType<{ readonly controller: Controller }>,
): void {
  const link: Link<SessionView, Host> = new Link<SessionView, Host>(wire, {
    changed: ({ reason }) => controller.changed(reason),
  });
  const controller = new Controller(link, memory);
  window.addEventListener("pagehide", () => controller.flush());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") controller.flush();
  });
  void controller.start().then(() => {
    const root = document.getElementById("app") ?? document.body;
    root.replaceChildren();
    render(h(View, { controller }), root);
  });
}
