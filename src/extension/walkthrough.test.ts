import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { contributions } from "../../scripts/manifest.mjs";
import { MODEL_FORMATS } from "../protocol/formats.ts";
import { catalogue } from "../techniques/catalogue.ts";

const { walkthroughs, commands } = contributions(catalogue, MODEL_FORMATS);
const { activationEvents, contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
  activationEvents: string[];
  contributes: { views: Record<string, { id: string }[]>; walkthroughs: unknown };
};
const [{ steps }] = walkthroughs;
const linked = (text: string): string[] => [...text.matchAll(/\]\(command:([\w.]+)\)/g)].map(([, id]) => id);
/** A link to one of these starts the extension. */
const startable = (id: string): boolean =>
  commands.some(({ command }) => command === id) || activationEvents.includes(`onCommand:${id}`);

describe("the walkthrough", () => {
  test("has a step for each noun that stands", () => {
    expect(steps.map(({ id }) => id)).toEqual(["model", "input", "explanation", "result"]);
    expect(contributes.walkthroughs).toEqual(walkthroughs);
  });

  test.each(steps)("$id: its links are commands, the first one on the samples", ({ description }) => {
    const links = linked(description);
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((id) => !startable(id))).toEqual([]);
    expect(links[0]).toMatch(/^neuralLoupe\.(openSample|sample[A-Z]\w+)$/);
  });

  test.each(steps)("$id: is done by each of its links, and by things that there are", (step) => {
    for (const id of linked(step.description)) expect(step.completionEvents).toContain(`onCommand:${id}`);
    const views = Object.values(contributes.views).flat();
    for (const event of step.completionEvents) {
      const [kind, what] = [event.slice(0, event.indexOf(":")), event.slice(event.indexOf(":") + 1)];
      if (kind === "onCommand") expect(startable(what), what).toBe(true);
      else if (kind === "onView") expect(views.map(({ id }) => id)).toContain(what);
      else expect(event).toBe("onContext:activeCustomEditorId == neuralLoupe.model");
    }
  });

  test.each(steps)("$id: its picture follows the theme and is described", ({ media: { svg, altText } }) => {
    expect(altText.length).toBeGreaterThan(30);
    expect(existsSync(svg)).toBe(true);
    const text = readFileSync(svg, "utf8");
    const colors = [...text.matchAll(/(?:fill|stroke|stop-color)="([^"]*)"/g)].map(([, color]) => color);
    expect(colors.length).toBeGreaterThan(5);
    expect(colors.filter((color) => !/^(var\(--vscode-[\w-]+, [#\w]+\)|none|url\(#\w+\))$/.test(color))).toEqual([]);
    expect(text).not.toMatch(/<script|<image|href=/);
  });
});
