/** What is chosen, hovered, focused and disabled is told apart in every theme that VS Code ships. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { CDPSession, Page } from "playwright-core";
import sharp from "sharp";
import { expect, test } from "vitest";
import { recordedFamilies, themeOf, themes } from "../fake/themes.ts";
import { boxOf, pagesOf } from "../harness.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const openControls = pagesOf("controls");
const openEditor = pagesOf("model");

/** WCAG 2.1: 1.4.3 for text, 1.4.11 for what tells a control's state. */
const [TEXT, GRAPHIC] = [4.5, 3];
/** What a hovered background differs by at least: VS Code's own lists have 1.1 to 1.2. */
const HOVER = 1.1;

type Color = readonly [red: number, green: number, blue: number];

test("every variable that the webviews use was recorded", () => {
  const files = readdirSync(path.join(root, "webview"), { recursive: true, encoding: "utf8" });
  const used = files
    .filter((name) => /\.(css|tsx?)$/.test(name))
    .flatMap((name) => [...readFileSync(path.join(root, "webview", name), "utf8").matchAll(/--vscode-([a-zA-Z-]+)/g)])
    .map(([, variable]) => variable);
  const fonts = /^(editor-)?font-(family|size|weight)$/;
  const unknown = new Set(used.filter((name) => !recordedFamilies.test(name.replace(/-$/, "")) && !fonts.test(name)));
  expect([...unknown], "extend `families` in scripts/themes.mjs and run it").toEqual([]);
});

test("what is chosen, hovered, focused and disabled is told apart in every theme", async () => {
  const page = await openControls({ width: 900 });
  await page.addStyleTag({ content: `.method { width: 160px; height: 30px; } ${still}` });
  const session = await page.context().newCDPSession(page);
  const faults: string[] = [];
  for (const theme of Object.keys(themes)) {
    await wear(page, theme);
    const seen = await lookAtToggles(page, session);
    for (const fault of faultsOf(seen, themes[theme].bodyClass.includes("high-contrast")))
      faults.push(`${theme}: ${fault}`);
  }
  expect(faults).toEqual([]);
});

/** What is wrong with how toggles look in one theme. */
function faultsOf(seen: Readonly<Record<`${State} ${Pseudo}`, Toggle>>, high: boolean): string[] {
  const faults: string[] = [];
  const atLeast = (ratio: number, wanted: number, what: string): void => {
    if (ratio < wanted) faults.push(`${what}: ${ratio.toFixed(2)}, not ${wanted}`);
  };
  const rest = seen["rest none"];
  const paper = rest.outside;
  atLeast(contrast(rest.text, rest.background), TEXT, "text");
  for (const pseudo of pseudos) {
    const pressed = seen[`pressed ${pseudo}`];
    atLeast(contrast(pressed.text, pressed.background), TEXT, `text of a pressed one, ${pseudo}`);
    // High contrast turns it inside out, the others have a border around it.
    if (high) atLeast(contrast(pressed.background, paper), GRAPHIC, `pressed, ${pseudo}`);
    else
      for (const beside of [paper, rest.background])
        atLeast(contrast(pressed.border, beside), GRAPHIC, `border of a pressed one, ${pseudo}`);
  }
  for (const state of ["rest", "pressed"] as const) {
    const [plain, hovered, focused] = pseudos.map((pseudo) => seen[`${state} ${pseudo}`]);
    if (high) atLeast(contrast(hovered.outline, paper), GRAPHIC, `outline of ${state}, hovered`);
    else atLeast(contrast(hovered.background, plain.background), HOVER, `${state}, hovered`);
    atLeast(contrast(focused.outline, paper), GRAPHIC, `outline of ${state}, focused`);
    atLeast(plain.ink / seen[`disabled-${state} none`].ink, 1.3, `${state}, beside the disabled one`);
  }
  return faults;
}

test("messages are read in every theme", async () => {
  const page = await openControls({ width: 900 });
  await page.addStyleTag({ content: still });
  const faults: string[] = [];
  for (const theme of Object.keys(themes)) {
    await wear(page, theme);
    const picture = await pixelsOf(page);
    const [{ color }] = await lookAt(page, ".banner-text");
    for (const { x, y, height } of await lookAt(page, ".banner")) {
      const ratio = contrast(color, picture.at(x + 3, y + height / 2));
      if (ratio < TEXT) faults.push(`${theme}: ${ratio.toFixed(2)}`);
    }
  }
  expect(faults).toEqual([]);
});

test("an activation's swatch is seen in every theme", async () => {
  const page = await openEditor();
  await page.addStyleTag({ content: still });
  const { x, y } = await boxOf(page.locator(".dot[data-family=activation]").first());
  const faults: string[] = [];
  for (const theme of Object.keys(themes)) {
    await wear(page, theme);
    const picture = await pixelsOf(page);
    const ratio = contrast(picture.at(x + 4, y + 4), picture.at(x - 4, y + 4));
    if (ratio < GRAPHIC) faults.push(`${theme}: ${ratio.toFixed(2)}`);
  }
  expect(faults).toEqual([]);
});

const still = "* { transition: none !important; }";
const states = ["rest", "pressed", "disabled-rest", "disabled-pressed"] as const;
const pseudos = ["none", "hover", "focus"] as const;
type State = (typeof states)[number];
type Pseudo = (typeof pseudos)[number];
const pseudoClasses = { none: [], hover: ["hover"], focus: ["focus", "focus-visible"] };

/** Puts a theme on a page, as VS Code does when another is chosen. */
async function wear(page: Page, theme: string): Promise<void> {
  const { bodyClass, variables } = themeOf(theme);
  await page.evaluate(`{
    document.documentElement.removeAttribute("style");
    for (const [name, value] of Object.entries(${JSON.stringify(variables)}))
      document.documentElement.style.setProperty("--vscode-" + name, value);
    document.body.className = ${JSON.stringify(bodyClass)};
  }`);
}

async function lookAtToggles(page: Page, session: CDPSession): Promise<Record<`${State} ${Pseudo}`, Toggle>> {
  const seen: Partial<Record<`${State} ${Pseudo}`, Toggle>> = {};
  for (const pseudo of pseudos) {
    await force(session, states, pseudoClasses[pseudo]);
    const picture = await pixelsOf(page);
    for (const state of states) {
      const [look] = await lookAt(page, `[data-testid="${state}"]`);
      seen[`${state} ${pseudo}`] = toggle(look, picture);
    }
  }
  return seen as Record<`${State} ${Pseudo}`, Toggle>;
}

interface Toggle {
  readonly background: Color;
  readonly border: Color;
  readonly text: Color;
  /** Where an outline would be, and where the page is. */
  readonly outline: Color;
  readonly outside: Color;
  /** The highest contrast in it: that of its letters. */
  readonly ink: number;
}

function toggle({ x, y, width, height, color }: Look, picture: Picture): Toggle {
  const middle = y + height / 2;
  const background = picture.at(x + 4, middle);
  let ink = 1;
  for (let column = 8; column < width - 8; column++)
    for (let row = 5; row < height - 5; row++)
      ink = Math.max(ink, contrast(picture.at(x + column, y + row), background));
  // A dashed outline has gaps: the strongest of some places along it.
  const along = Array.from({ length: 8 }, (_, step) => picture.at(x - 2, y + 6 + step));
  const outside = picture.at(x - 6, middle);
  const outline = along.reduce((best, one) => (contrast(one, outside) > contrast(best, outside) ? one : best));
  return { background, border: picture.at(x, middle), text: color, outline, outside, ink };
}

/** Puts elements into states as the browser's inspector does. */
async function force(session: CDPSession, testids: readonly string[], states: readonly string[]): Promise<void> {
  await session.send("DOM.enable");
  await session.send("CSS.enable");
  const { root } = await session.send("DOM.getDocument");
  for (const testid of testids) {
    const selector = `[data-testid="${testid}"]`;
    const { nodeId } = await session.send("DOM.querySelector", { nodeId: root.nodeId, selector });
    await session.send("CSS.forcePseudoState", { nodeId, forcedPseudoClasses: [...states] });
  }
}

interface Picture {
  at(x: number, y: number): Color;
}

async function pixelsOf(page: Page): Promise<Picture> {
  const png = await page.screenshot({ animations: "disabled" });
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return {
    at(x, y) {
      const start = 3 * (Math.floor(y) * info.width + Math.floor(x));
      return [data[start], data[start + 1], data[start + 2]];
    },
  };
}

/** Where an element is, in CSS pixels of the page, and its text's colour, as sRGB bytes. */
interface Look {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly color: Color;
}

/** All elements at a selector, in the page's order, in one go: nothing moves on these pages (`still`). */
function lookAt(page: Page, selector: string): Promise<readonly Look[]> {
  return page.evaluate<Look[]>(`(() => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    return [...document.querySelectorAll(${JSON.stringify(selector)})].map((element) => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = getComputedStyle(element).color;
      context.fillRect(0, 0, 1, 1);
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x, y, width, height, color: [...context.getImageData(0, 0, 1, 1).data].slice(0, 3) };
    });
  })()`);
}

/** WCAG's contrast ratio of two colours, 1 to 21. */
function contrast(a: Color, b: Color): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((one, other) => other - one);
  return (light + 0.05) / (dark + 0.05);
}

/** Relative luminance of sRGB bytes (WCAG 2.1). */
function luminance(color: Color): number {
  const [red, green, blue] = color.map((byte) => {
    const part = byte / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
