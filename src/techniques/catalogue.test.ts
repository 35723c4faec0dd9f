import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { loadAgreementCases } from "../../test/support/agreement.ts";
import { techniquesPage } from "../../test/support/techniques-page.ts";
import { catalogue } from "./catalogue.ts";

const PAGE = resolve("docs/techniques.md");

it("docs/techniques.md is in step with the catalogue (else run with UPDATE_DOCS=1)", () => {
  const text = techniquesPage(catalogue, loadAgreementCases());
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, text);
  expect(existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "").toBe(text);
});
