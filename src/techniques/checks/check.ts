import { infidelity } from "./infidelity.ts";
import { insertionDeletion } from "./insertion-deletion.ts";
import { randomisation } from "./randomisation.ts";
import { road } from "./road.ts";
import { sensitivity } from "./sensitivity.ts";
import { sparseness } from "./sparseness.ts";
import type { SampleTechnique } from "../framework/technique.ts";

/** "How reliable is this explanation?": checks of the methods' results, the quick ones first. */
export function checkTechniques(methods: readonly SampleTechnique[]): SampleTechnique[] {
  return [sparseness, insertionDeletion, road, infidelity, sensitivity, randomisation].map((check) => check(methods));
}
