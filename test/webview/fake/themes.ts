/**
 * What VS Code gives webviews in each theme that it comes with, as scripts/themes.mjs has recorded it; in a font that is
 * the same on every machine.
 */
import recorded from "./themes.json" with { type: "json" };

export interface Theme {
  /** What VS Code calls it. */
  readonly label: string;
  readonly bodyClass: string;
  /** By name, without `--vscode-`. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The font's files are in test/webview/fonts. */
const fonts = {
  "font-family": "'Packed Sans', sans-serif",
  "font-size": "13px",
  "font-weight": "normal",
  "editor-font-family": "'Packed Mono', monospace",
  "editor-font-size": "14px",
  "editor-font-weight": "normal",
};

/** By the id that the setting `workbench.colorTheme` takes: "Dark 2026". */
export const themes: Readonly<Record<string, Theme>> = Object.fromEntries(
  recorded.themes.map(({ id, label, bodyClass, variables }) => [
    id,
    {
      label,
      bodyClass,
      variables: {
        ...(variables as Readonly<Record<string, string | undefined>> as Readonly<Record<string, string>>),
        ...fonts,
      },
    },
  ]),
);

/** The four kinds, by one theme each. */
const short = {
  dark: "Dark Modern",
  light: "Light Modern",
  "hc-dark": "Default High Contrast",
  "hc-light": "Default High Contrast Light",
};

/** One of those four, or any theme's id. */
export type ThemeName = keyof typeof short | (string & {});

export function themeOf(name: ThemeName): Theme {
  const theme = themes[(short as Readonly<Record<string, string>>)[name] ?? name];
  if (!theme) throw new Error(`There is no theme "${name}". There are ${Object.keys(themes).join(", ")}.`);
  return theme;
}

/** The version of VS Code that they come from, its own style sheet, and which variables were recorded. */
export const { vscode: vscodeVersion, defaultStyles } = recorded;
export const recordedFamilies = new RegExp(recorded.families);
