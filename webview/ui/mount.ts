import { render } from "preact";
import type { VNode } from "preact";

/** Puts a view in place of the page's skeleton (`#app`, or the body where the page has none). */
export function mount(view: VNode): void {
  const root =
    document.getElementById("app") ??
    document.body.appendChild(Object.assign(document.createElement("div"), { id: "app" }));
  root.replaceChildren();
  render(view, root);
}
