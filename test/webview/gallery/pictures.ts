import type { View } from "../serve.ts";

/** A state in a theme and at a width, of which a picture is kept. */
export interface Picture {
  /** The name of its file in test/screenshots/gallery, without ".png". */
  readonly file: string;
  readonly view: View;
  /** In scenes.ts. */
  readonly scene: string;
  /** An id in fake/themes.json. */
  readonly theme: string;
  /** CSS pixels; the height is the scene's where there is none here. */
  readonly width: number;
  readonly height?: number;
}

const [dark, light, high] = ["Dark Modern", "Light Modern", "Default High Contrast"];

const picture = (view: View, scene: string, theme = dark, width = 520, height?: number): Picture => ({
  file: [view, scene, theme, width]
    .join(" ")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-"),
  view,
  scene,
  theme,
  width,
  ...(height ? { height } : {}),
});

/** Few, and telling: each page as it is mostly seen, in its other states, in a narrow panel, and in other themes. */
export const pictures: readonly Picture[] = [
  ...["Dark 2026", "Light 2026", "Monokai", "Solarized Light", "Default High Contrast Light", high].map((theme) =>
    picture("controls", "controls", theme),
  ),
  picture("controls", "controls", dark, 320, 1000),
  picture("explain", "typical", light),
  picture("explain", "typical", dark, 320),
  picture("explain", "loading: nothing has answered yet"),
  picture("explain", "empty: no input chosen yet"),
  picture("explain", "running for the first time"),
  picture("explain", "error: the method cannot run"),
  picture("explain", "blocked: the workspace is not trusted", light),
  picture("explain", "tokens", light),
  picture("explain", "long names", dark, 320),
  picture("explain", "right-to-left names"),
  picture("model", "typical", "Dark 2026", 700),
  picture("model", "typical", light, 320),
  picture("model", "error: no model"),
  picture("model", "error: a file that was cut short", dark, 320, 760),
  picture("model", "plumbing is hidden", high),
  picture("model", "long names", light),
  picture("explain", "checks: with numbers", light, 520, 1300),
  picture("explain", "checks: running", dark, 320, 1300),
  ...["bars", "table", "tokens"].map((kind) => picture("results", kind, dark, 520, 1000)),
  ...["curves", "line", "tiles", "wave"].map((kind) => picture("results", kind, light, 520, 1000)),
  picture("results", "bars: long names", light, 320),
  picture("results", "table: many columns", "Light 2026", 320),
  picture("compare", "empty: nothing to compare"),
  picture("compare", "a text", "Dark 2026", 320),
  picture("compare", "typical", dark, 700, 500),
  picture("compare", "error: a cell failed", light, 320),
  picture("compare", "a table's row", high),
  picture("compare", "right-to-left names", light),
];
