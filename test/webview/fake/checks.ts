/** Checks of explanations, as the engine gives them, with curves that look like real ones. */
import type { CurvesArtifact } from "../../../src/protocol/artifacts.ts";
import { randomNumbers } from "../../../src/protocol/checks.ts";
import type { TechniqueInfo } from "../../../src/protocol/technique.ts";

const methods = [
  ["saliency", "Saliency"],
  ["cam", "CAM"],
  ["grad-cam", "Grad-CAM"],
] as const;

function check(id: string, title: string, cite: string, summary: string): TechniqueInfo {
  return {
    id,
    title,
    command: `Check ${title}`,
    group: "checks",
    summary,
    cite,
    needs: { input: "one", target: true, layer: "spatial", gradient: false },
    params: [
      {
        type: "choice",
        name: "method",
        label: "Method",
        default: "saliency",
        help: "The method to check.",
        options: methods.map(([value, label]) => ({ value, label })),
      },
      {
        type: "text",
        name: "options",
        label: "Method options",
        default: "",
        pattern: ".*",
        problem: "",
        help: "Options of the method.",
      },
      {
        type: "number",
        name: "steps",
        label: "Steps",
        default: 100,
        min: 2,
        max: 1000,
        step: 10,
        integer: true,
        help: "Number of steps.",
      },
    ],
  };
}

export const checks: readonly TechniqueInfo[] = [
  check(
    "insertion-deletion",
    "Insertion & Deletion",
    "Petsiuk, Das & Saenko 2018",
    "Removes the most important pixels, and inserts them again.",
  ),
  check("infidelity", "Infidelity", "Yeh et al. 2019", "How well the map predicts score changes."),
  check(
    "randomisation",
    "Randomisation Check",
    "Adebayo et al. 2018",
    "Whether the map depends on the learned weights.",
  ),
];

const steps = Float32Array.from({ length: 51 }, (_, i) => 2 * i);

export const checkCurves: Readonly<Record<string, CurvesArtifact>> = {
  "insertion-deletion": {
    kind: "curves",
    id: "insertion-deletion",
    title: "Insertion and deletion: Saliency",
    x: { label: "pixels removed or inserted, most important first (%)", min: 0, max: 100 },
    y: { label: "probability of Egyptian cat", min: 0, max: 1 },
    lines: [
      {
        id: "insertion",
        label: "Insertion",
        x: steps,
        y: steps.map((x) => 0.9 - 0.9 * Math.exp(-x / 25)),
        style: "line",
        summary: { label: "AUC", value: 0.6781 },
      },
      {
        id: "deletion",
        label: "Deletion",
        x: steps,
        y: steps.map((x) => 0.9 * Math.exp(-x / 9)),
        style: "line",
        summary: { label: "AUC", value: 0.0923 },
      },
    ],
    numbers: [
      {
        id: "insertion_auc",
        label: "Insertion AUC",
        value: 0.6781,
        help: "Mean of the curve while pixels are inserted. Higher is better.",
        better: "higher",
        random: randomNumbers([0.31, 0.34, 0.33]),
      },
      {
        id: "deletion_auc",
        label: "Deletion AUC",
        value: 0.0923,
        help: "Mean of the curve while pixels are removed. Lower is better.",
        better: "lower",
        random: randomNumbers([0.21, 0.09, 0.22]),
      },
    ],
    reading:
      "The better the map reflects what the model uses, the faster the insertion curve rises and the deletion curve falls.",
    caption: "50 steps of 1004 pixels; removed: 0",
  },
  infidelity: {
    kind: "curves",
    id: "infidelity",
    title: "Infidelity: Saliency",
    x: { label: "score drop predicted by the map" },
    y: { label: "fall of the score of Egyptian cat" },
    lines: [
      {
        id: "perturbations",
        label: "Each perturbation",
        x: steps.map((x, i) => x + 0.1 * Math.sin(i)),
        y: steps.map((x, i) => x + 12 * Math.sin(7 * i)),
        style: "points",
        summary: { label: "infidelity", value: 71.5 },
      },
      {
        id: "faithful",
        label: "Exact prediction",
        x: Float32Array.of(-12, 112),
        y: Float32Array.of(-12, 112),
        style: "guide",
      },
    ],
    numbers: [
      {
        id: "infidelity",
        label: "Infidelity",
        value: 71.5,
        help: "Mean squared difference between the predicted and the actual score change. Lower is better.",
        better: "lower",
        random: randomNumbers([61.2, 64.8, 58.1, 66.3, 60.4]),
      },
    ],
    reading: "Each dot is one perturbed input. On the diagonal, the map foretold what the score did.",
    caption: "51 perturbations",
  },
  randomisation: {
    kind: "curves",
    id: "randomisation",
    title: "Randomisation: Saliency",
    x: {
      label: "layers randomised, from the output down to",
      names: ["as trained", ...Array.from({ length: 11 }, (_, i) => `/_blocks.${15 - i}/_project_conv/Conv`)],
    },
    y: { label: "similarity to the trained model's map", max: 1.02 },
    lines: [
      {
        id: "spearman_abs",
        label: "Rank correlation of magnitudes",
        x: Float32Array.from({ length: 12 }, (_, i) => i),
        y: Float32Array.from({ length: 12 }, (_, i) => Math.exp(-i / 3)),
        style: "line",
      },
      {
        id: "ssim",
        label: "SSIM of magnitudes",
        x: Float32Array.from({ length: 12 }, (_, i) => i),
        y: Float32Array.from({ length: 12 }, (_, i) => (i === 5 ? NaN : Math.exp(-i / 5))),
        style: "line",
      },
      { id: "zero", label: "No similarity", x: Float32Array.of(0, 11), y: Float32Array.of(0, 0), style: "guide" },
    ],
    numbers: [
      {
        id: "last_correlation",
        label: "Magnitudes, all layers randomised",
        value: 0.0256,
        help: "Rank correlation with all layers randomised. Near 0 is a pass.",
        random: randomNumbers([0.0021, -0.0013, 0.0005, 0.0034, -0.0008]),
      },
    ],
    reading: "If the map depends on the learned weights, the curves fall towards 0 as layers are randomised.",
    caption: "49 layers with weights, seed 0",
  },
};
