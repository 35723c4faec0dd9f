import { themes, vscodeVersion } from "../fake/themes.ts";
import type { View } from "../serve.ts";
import { kindNames } from "./kinds/index.ts";
import { scenes } from "./scenes.ts";

const titles: Readonly<Record<View, string>> = {
  explain: "Explanation panel",
  compare: "Comparison",
  model: "Model editor",
  results: "Results, by kind",
  controls: "Controls",
};

const widths = [320, 520, 1000];

/** The page that shows all states of all pages, each in a frame, in a theme and a width that are chosen above. */
export function galleryPage(): string {
  const sections = (Object.keys(titles) as View[]).map((view) => {
    const figures = Object.entries(scenes[view])
      .filter(([name]) => view !== "results" || (kindNames as readonly string[]).includes(name))
      .map(([name, { height = 700 }]) => figure(view, name, height));
    return `<section id="${view}"><h2>${titles[view]}</h2><div class="frames">${figures.join("\n")}</div></section>`;
  });
  const options = Object.entries(themes).map(
    ([id, { label }]) => `<option value="${text(id)}">${text(label)}</option>`,
  );
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Gallery: Neural Loupe</title>
<link rel="icon" href="data:,"><style>${css}</style></head><body>
<header><h1>Gallery</h1>
<label>Theme <select id="theme">${options.join("")}</select></label>
<button id="before" type="button" title="The theme before (left bracket)">‹</button><button id="after" type="button" title="The next theme (right bracket)">›</button>
<label>Width <select id="width">${widths.map((width) => `<option>${width}</option>`).join("")}</select></label>
<label>Find <input id="find" type="search" placeholder="long names"></label>
<nav>${(Object.keys(titles) as View[]).map((view) => `<a href="#${view}">${titles[view]}</a>`).join("")}</nav>
<span class="muted">Themes of VS Code ${vscodeVersion}</span></header>
<main>${sections.join("\n")}</main><script>${script}</script></body></html>`;
}

function figure(view: View, name: string, height: number): string {
  const query = new URLSearchParams({ scene: name }).toString();
  return `<figure data-name="${text(`${view} ${name}`)}"><figcaption><a target="_blank">${text(name)}</a></figcaption>
<iframe loading="lazy" title="${text(`${view}: ${name}`)}" data-page="/${view}/?${query}" height="${height}"></iframe></figure>`;
}

function text(words: string): string {
  return words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const css = `body{margin:0;font:14px system-ui,sans-serif;background:#8882;color:#222}
header{position:sticky;top:0;z-index:1;display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center;padding:8px 16px;background:#fff;border-bottom:1px solid #bbb}
h1{font-size:16px;margin:0}h2{margin:24px 16px 8px;font-size:15px;scroll-margin-top:90px}nav{display:flex;gap:12px}.muted{color:#666}
.frames{display:flex;flex-wrap:wrap;gap:20px;padding:0 16px;align-items:flex-start}figure{margin:0}figcaption{padding:2px 0;font-size:12px}
iframe{display:block;border:1px solid #999;background:#fff}[hidden]{display:none}`;

/** The choices are kept in the address, so that a state can be sent to somebody. */
const script = `
const [theme, width, find] = ["theme", "width", "find"].map((id) => document.getElementById(id));
const kept = new URLSearchParams(location.search);
theme.value = kept.get("theme") ?? "Dark Modern"; width.value = kept.get("width") ?? "520"; find.value = kept.get("find") ?? "";
function show() {
  for (const figure of document.querySelectorAll("figure")) {
    const frame = figure.querySelector("iframe"), page = frame.dataset.page + "&theme=" + encodeURIComponent(theme.value);
    figure.hidden = !figure.dataset.name.toLowerCase().includes(find.value.toLowerCase());
    frame.width = width.value; figure.querySelector("a").href = page;
    if (frame.getAttribute("src") !== page) frame.src = page;
  }
  history.replaceState(null, "", "?" + new URLSearchParams({ theme: theme.value, width: width.value, find: find.value }) + location.hash);
}
function step(by) { theme.selectedIndex = (theme.selectedIndex + by + theme.length) % theme.length; show(); }
for (const one of [theme, width]) one.addEventListener("change", show);
find.addEventListener("input", show);
document.getElementById("before").onclick = () => step(-1);
document.getElementById("after").onclick = () => step(1);
addEventListener("keydown", (event) => { if (event.target === find) return; if (event.key === "[") step(-1); if (event.key === "]") step(1); });
show();`;
