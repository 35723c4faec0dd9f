import { cam } from "./cam.ts";
import { featureMaps } from "./feature-maps.ts";
import { gradCam } from "./grad-cam.ts";
import { predictions } from "./predictions.ts";
import { saliency } from "./saliency.ts";
import type { Technique } from "./technique.ts";

/** All techniques, in the order the panel shows them. */
export const techniques: readonly Technique[] = [predictions, featureMaps, saliency, cam, gradCam];
