/** Every state of the gallery, in a narrow panel: it comes up, nothing is wider than the page, and axe finds nothing. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "../axe.ts";
import { views } from "../serve.ts";
import { GalleryPages } from "./gallery-pages.ts";
import { kindNames, statesOf } from "./kinds/index.ts";
import { scenes } from "./scenes.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");

let pages: GalleryPages;
beforeAll(async () => {
  pages = await GalleryPages.start(root, { width: 320, height: 900 });
});
afterAll(() => pages.close());

describe.each(views)("%s", (view) => {
  // Of results the sheets: a kind in all its states.
  const names = Object.keys(scenes[view]).filter((name) => view !== "results" || !name.includes(":"));
  test.concurrent.each(names)("%s", async (name) => {
    const found = await pages.visit(view, name, async (page) => ({
      // On a sheet one result stands several times.
      faults: await violations(page, view === "results" ? ["landmark-unique"] : []),
      beside: (await page.evaluate<string[]>(beside)).slice(0, 5),
      width: await page.evaluate<number>("document.documentElement.scrollWidth"),
    }));
    expect(found).toEqual({ errors: [], faults: [], beside: [], width: 320 });
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
