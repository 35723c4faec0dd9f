/** A technique's command: "grad-cam" gives "neuralLoupe.gradCam", "grad-cam++" gives "neuralLoupe.gradCamPlusPlus". */
export function commandId(technique: string): string {
  return `neuralLoupe.${technique.replaceAll("+", "-plus").replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())}`;
}

/**
 * Techniques that the palette and the menus list, by id; the others have commands as well, which are listed where the
 * setting neuralLoupe.palette is "all".
 */
export const LISTED_TECHNIQUES: readonly string[] = [
  "predictions",
  "feature-maps",
  "layer-activation",
  "saliency",
  "integrated-gradients",
  "guided-backprop",
  "lrp",
  "deeplift",
  "cam",
  "grad-cam",
  "grad-cam++",
  "score-cam",
  "occlusion",
  "rise",
];

/** The panels' names in package.json, by which VS Code restores their tabs. */
export const panelViewTypes = { panel: "neuralLoupe.panel", compare: "neuralLoupe.compare" } as const;

/** The model editor's name in package.json. */
export const modelViewType = "neuralLoupe.model";
