/** Every state of the gallery, in a narrow panel: it comes up, nothing is beside the page, and axe finds nothing. */
import { describe, expect, test } from "vitest";
import { violations } from "../axe.ts";
import { pagesOf, until } from "../harness.ts";
import { views } from "../serve.ts";
import { kindNames, statesOf } from "./kinds/index.ts";
import { scenes, sceneOf } from "./scenes.ts";

describe.each(views)("%s", (view) => {
  const open = pagesOf(view);

  test("every state, in a narrow panel", async () => {
    // Of results the sheets: a kind in all its states.
    const names = Object.keys(scenes[view]).filter((name) => view !== "results" || !name.includes(":"));
    const page = await open({ scene: names[0], width: 320, height: 900 });
    const found: Record<string, unknown> = {};
    for (const name of names) {
      await page.goto(page.url().replace(/scene=[^&]*/, new URLSearchParams({ scene: name }).toString()));
      await page.locator(sceneOf(view, name).shows).first().waitFor();
      await until(page, "fake.pending === 0");
      // On a sheet one result stands several times.
      const faults = await violations(page, view === "results" ? ["landmark-unique"] : []);
      const away = await page.evaluate<string[]>(beside);
      if (away.length + faults.length > 0) found[name] = { beside: away.slice(0, 5), faults };
    }
    expect(found).toEqual({});
  });
});

/**
 * What stands beyond the page's right edge, in nothing that scrolls or cuts it. A colour bar's numbers have a test of their
 * own.
 */
const beside = `(() => {
  const within = (element) => {
    const parent = element.parentElement;
    return parent !== document.body && (getComputedStyle(parent).overflowX !== "visible" || within(parent));
  };
  return [...document.querySelectorAll("#app *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5 && !within(one) && !one.closest(".colorbar"))
    .map((one) => one.outerHTML.slice(0, 100));
})()`;

test("a page has the states that any page has", () => {
  for (const view of ["explain", "model", "compare"] as const)
    for (const state of ["typical", "loading", "empty", "error", "blocked", "long names", "right-to-left names"])
      expect(
        Object.keys(scenes[view]).filter((name) => name.startsWith(state)),
        `${view}: ${state}`,
      ).not.toEqual([]);
});

test("a kind's state is an artifact of that kind, or says why there is none", () => {
  for (const kind of kindNames)
    for (const [state, made] of Object.entries(statesOf(kind)))
      if (typeof made === "string") expect(made, `${kind}: ${state}`).toMatch(/\.$/);
      else expect(made().kind, `${kind}: ${state}`).toBe(kind);
});
