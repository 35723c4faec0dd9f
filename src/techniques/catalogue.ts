import type { TechniqueInfo } from "../protocol/technique.ts";
import { techniques } from "./index.ts";

/** What is known of every technique, as data: for the palette, the panel, the manifest and the README. */
export const catalogue: readonly TechniqueInfo[] = techniques.map(({ info }) => info);
