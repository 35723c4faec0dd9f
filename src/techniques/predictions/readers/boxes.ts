import { boxesArtifact, detectionNotes } from "../../framework/detections.ts";
import type { Reader } from "./reader.ts";

/** A detector's outputs, decoded. */
export const boxes: Reader = {
  as: "boxes",
  problem({ detections }) {
    if (!detections) return "the outputs do not look like a detector's";
    return "undecided" in detections ? detections.undecided.replace(/\.$/, "") : undefined;
  },
  guess: ({ detections }) => (detections && !("undecided" in detections) ? { why: detections.why } : undefined),
  views(context) {
    const { detections } = context;
    if (!detections || "undecided" in detections) return [];
    for (const note of detectionNotes(detections)) context.note(note);
    return [boxesArtifact(context, detections)];
  },
};
