/** A technique's command: "grad-cam" gives "neuralLoupe.gradCam", "grad-cam++" gives "neuralLoupe.gradCamPlusPlus". */
export function commandId(technique: string): string {
  return `neuralLoupe.${technique.replaceAll("+", "-plus").replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())}`;
}

/** The panels' names in package.json, by which VS Code restores their tabs. */
export const panelViewTypes = { panel: "neuralLoupe.panel", compare: "neuralLoupe.compare" } as const;

/** The model editor's name in package.json. */
export const modelViewType = "neuralLoupe.model";
