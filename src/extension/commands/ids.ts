/** A technique's command: "grad-cam" gives "neuralLoupe.gradCam". */
export function commandId(technique: string): string {
  return `neuralLoupe.${technique.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())}`;
}
