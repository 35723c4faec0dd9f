import type { Page } from "playwright-core";

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe-core finds wrong on the page, one line each: empty is what is wanted. `without`: rules that do not hold there. */
export async function violations(page: Page, without: readonly string[] = []): Promise<string[]> {
  await page.evaluate(load);
  const rules = JSON.stringify(Object.fromEntries(without.map((rule) => [rule, { enabled: false }])));
  // Of what passes nothing is reported, which would take longer than to find it.
  const found = await page.evaluate<Violation[]>(
    `axe.run(document, { rules: ${rules}, resultTypes: ["violations"], selectors: false }).then((result) => result.violations)`,
  );
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}\n  ${node.html.slice(0, 200)}\n  ${node.failureSummary}`),
  );
}

/** From the page's server: Chromium keeps what it has compiled of it. */
const load = `"axe" in globalThis ? undefined : new Promise((done, fail) => {
  const script = document.createElement("script");
  script.nonce = document.querySelector("script[nonce]").nonce;
  script.src = "/axe.js";
  script.onload = () => { script.remove(); done(); };
  script.onerror = () => fail(new Error("axe could not be loaded."));
  document.head.append(script);
})`;
