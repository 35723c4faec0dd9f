import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { vscodeVersion } from "./fake/themes.ts";
import { scenes } from "./gallery/scenes.ts";
import { PageServer } from "./serve.ts";

let server: PageServer;
beforeAll(async () => {
  server = await PageServer.start(path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../.."), ["controls"]);
});
afterAll(() => server.close());

const get = (address: string): Promise<Response> => fetch(server.address + address);

test("the gallery has a frame for each page's states, and says whose themes it shows", async () => {
  const html = await (await get("/")).text();
  const frames = html.match(/<iframe [^>]*data-page="\/(explain|model|compare)\//g) ?? [];
  const { explain, model, compare } = scenes;
  expect(frames).toHaveLength([explain, model, compare].flatMap((one) => Object.keys(one)).length);
  expect(html).toContain(`Themes of VS Code ${vscodeVersion}`);
});

test("a page has the theme's variables and VS Code's class", async () => {
  const html = await (await get("/controls/?theme=Light%202026")).text();
  expect(html).toContain('<body class="vscode-light">');
  expect(html).toContain("--vscode-editor-background:#ffffff");
});

test("what is not there is said, and ends nothing", async () => {
  for (const [address, words] of [
    ["/explain/?scene=nope", "nope"],
    ["/controls/?theme=nope", "nope"],
    ["/nope.js", "nope.js"],
  ]) {
    const response = await get(address);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain(words);
  }
  expect((await get("/")).status).toBe(200);
});
