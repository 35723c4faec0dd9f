/** VS Code's variables in its own four kinds of theme (Dark Modern, Light Modern, both high contrasts), as far as the webviews use them. */
export type ThemeName = "dark" | "light" | "hc-dark" | "hc-light";

export interface Theme {
  readonly bodyClass: string;
  readonly variables: Readonly<Record<string, string>>;
}

const fonts = {
  "font-family": "'DejaVu Sans', sans-serif", "font-size": "13px", "font-weight": "normal", "editor-font-family": "'DejaVu Sans Mono', monospace", "editor-font-size": "14px",
};

const charts = (dark: boolean): Record<string, string> => ({
  "charts-blue": dark ? "#59a4f9" : "#1a85ff", "charts-orange": dark ? "#d18616" : "#d18616", "charts-purple": dark ? "#b180d7" : "#652d90", "charts-green": dark ? "#89d185" : "#388a34",
  "charts-yellow": dark ? "#cca700" : "#bf8803", "charts-red": dark ? "#f14c4c" : "#e51400",
});

const contrast = (fg: string, bg: string, border: string, active: string): Record<string, string> => ({
  ...fonts, foreground: fg, descriptionForeground: fg, errorForeground: fg === "#ffffff" ? "#f48771" : "#b5200d", "editor-background": bg, "editor-foreground": fg,
  contrastBorder: border, contrastActiveBorder: active, focusBorder: active,
  "button-background": fg === "#ffffff" ? bg : "#0f4a85", "button-foreground": "#ffffff", "button-border": border,
  "button-secondaryForeground": fg, ...(fg === "#ffffff" ? {} : { "button-secondaryBackground": "#ffffff" }),
  "inputOption-activeBackground": "#00000000", "inputOption-activeForeground": fg, "inputOption-activeBorder": border,
  "input-background": bg, "input-foreground": fg, "input-border": border, "dropdown-background": bg, "dropdown-foreground": fg, "dropdown-border": border, "checkbox-background": bg, "checkbox-foreground": fg, "checkbox-border": border,
  "inputValidation-errorBackground": fg === "#ffffff" ? "#5a1d1d" : "#ffffff", "inputValidation-errorBorder": border, "inputValidation-warningBorder": border, "inputValidation-infoBorder": border,
  "progressBar-background": fg === "#ffffff" ? "#6fc3df" : "#0f4a85", "badge-background": fg === "#ffffff" ? "#000000" : "#0f4a85", "badge-foreground": "#ffffff",
  "textLink-foreground": fg === "#ffffff" ? "#21a6ff" : "#0f4a85", "menu-background": bg, "menu-foreground": fg, "menu-selectionForeground": fg, "menu-selectionBackground": "#00000000",
  "list-activeSelectionBackground": fg === "#ffffff" ? "#000000" : "#0f4a851a", "list-activeSelectionForeground": fg, "list-hoverBackground": "#00000000",
  "editorHoverWidget-background": bg, "editorHoverWidget-foreground": fg, "panelTitle-activeForeground": fg, "panelTitle-inactiveForeground": fg, "panelTitle-activeBorder": border,
  "editorError-foreground": fg === "#ffffff" ? "#f48771" : "#b5200d", "editorWarning-foreground": fg === "#ffffff" ? "#ffd370" : "#895503", ...charts(fg === "#ffffff"),
});

export const themes: Record<ThemeName, Theme> = {
  dark: {
    bodyClass: "vscode-dark",
    variables: {
      ...fonts, ...charts(true), foreground: "#cccccc", descriptionForeground: "#9d9d9d", errorForeground: "#f85149", "editor-background": "#1f1f1f", "editor-foreground": "#cccccc",
      "panel-border": "#2b2b2b", focusBorder: "#0078d4", "button-background": "#0078d4", "button-foreground": "#ffffff", "button-border": "#ffffff12", "button-hoverBackground": "#026ec1",
      "button-secondaryBackground": "#313131", "button-secondaryForeground": "#cccccc", "button-secondaryHoverBackground": "#3c3c3c",
      "inputOption-activeBackground": "#2489db82", "inputOption-activeForeground": "#ffffff", "inputOption-activeBorder": "#2488db",
      "input-background": "#313131", "input-foreground": "#cccccc", "input-border": "#3c3c3c", "input-placeholderForeground": "#989898", "dropdown-background": "#313131", "dropdown-foreground": "#cccccc", "dropdown-border": "#3c3c3c",
      "checkbox-background": "#313131", "checkbox-foreground": "#cccccc", "checkbox-border": "#3c3c3c",
      "inputValidation-errorBackground": "#5a1d1d", "inputValidation-errorBorder": "#be1100", "inputValidation-warningBackground": "#352a05", "inputValidation-warningBorder": "#b89500",
      "inputValidation-infoBackground": "#063b49", "inputValidation-infoBorder": "#007acc", "progressBar-background": "#0078d4", "badge-background": "#616161", "badge-foreground": "#f8f8f8",
      "textLink-foreground": "#4daafc", "toolbar-hoverBackground": "#5a5d5e50", "scrollbarSlider-background": "#79797966", "list-hoverBackground": "#2a2d2e",
      "list-activeSelectionBackground": "#04395e", "list-activeSelectionForeground": "#ffffff", "list-inactiveSelectionBackground": "#37373d", "menu-background": "#1f1f1f", "menu-foreground": "#cccccc",
      "menu-border": "#454545", "menu-selectionBackground": "#0078d4", "menu-selectionForeground": "#ffffff", "widget-shadow": "#0000005c", "editorHoverWidget-background": "#202020", "editorHoverWidget-foreground": "#cccccc",
      "editorHoverWidget-border": "#454545", "editorWidget-background": "#202020", "sideBar-background": "#181818", "panelTitle-activeForeground": "#cccccc", "panelTitle-inactiveForeground": "#9d9d9d", "panelTitle-activeBorder": "#0078d4",
      "editorError-foreground": "#f14c4c", "editorWarning-foreground": "#cca700", "editorInfo-foreground": "#59a4f9",
    },
  },
  light: {
    bodyClass: "vscode-light",
    variables: {
      ...fonts, ...charts(false), foreground: "#3b3b3b", descriptionForeground: "#3b3b3b", errorForeground: "#f85149", "editor-background": "#ffffff", "editor-foreground": "#3b3b3b",
      "panel-border": "#e5e5e5", focusBorder: "#005fb8", "button-background": "#005fb8", "button-foreground": "#ffffff", "button-border": "#0000001a", "button-hoverBackground": "#0258a8",
      "button-secondaryBackground": "#e5e5e5", "button-secondaryForeground": "#3b3b3b", "button-secondaryHoverBackground": "#cccccc",
      "inputOption-activeBackground": "#bed6ed", "inputOption-activeForeground": "#000000", "inputOption-activeBorder": "#005fb8",
      "input-background": "#ffffff", "input-foreground": "#3b3b3b", "input-border": "#cecece", "input-placeholderForeground": "#767676", "dropdown-background": "#ffffff", "dropdown-foreground": "#3b3b3b", "dropdown-border": "#cecece",
      "checkbox-background": "#f8f8f8", "checkbox-foreground": "#3b3b3b", "checkbox-border": "#cecece",
      "inputValidation-errorBackground": "#f2dede", "inputValidation-errorBorder": "#be1100", "inputValidation-warningBackground": "#f6f5d2", "inputValidation-warningBorder": "#b89500",
      "inputValidation-infoBackground": "#d6ecf2", "inputValidation-infoBorder": "#007acc", "progressBar-background": "#005fb8", "badge-background": "#cccccc", "badge-foreground": "#3b3b3b",
      "textLink-foreground": "#005fb8", "toolbar-hoverBackground": "#b8b8b850", "scrollbarSlider-background": "#64646466", "list-hoverBackground": "#f2f2f2",
      "list-activeSelectionBackground": "#e8e8e8", "list-activeSelectionForeground": "#000000", "list-inactiveSelectionBackground": "#e4e6f1", "menu-background": "#ffffff", "menu-foreground": "#3b3b3b",
      "menu-border": "#cecece", "menu-selectionBackground": "#005fb8", "menu-selectionForeground": "#ffffff", "widget-shadow": "#00000029", "editorHoverWidget-background": "#f8f8f8", "editorHoverWidget-foreground": "#3b3b3b",
      "editorHoverWidget-border": "#c8c8c8", "editorWidget-background": "#f8f8f8", "sideBar-background": "#f8f8f8", "panelTitle-activeForeground": "#3b3b3b", "panelTitle-inactiveForeground": "#3b3b3b", "panelTitle-activeBorder": "#005fb8",
      "editorError-foreground": "#e51400", "editorWarning-foreground": "#bf8803", "editorInfo-foreground": "#0063d3",
    },
  },
  "hc-dark": { bodyClass: "vscode-high-contrast", variables: contrast("#ffffff", "#000000", "#6fc3df", "#f38518") },
  "hc-light": { bodyClass: "vscode-high-contrast vscode-high-contrast-light", variables: contrast("#292929", "#ffffff", "#0f4a85", "#006bbd") },
};
