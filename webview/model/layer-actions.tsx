import type { VNode } from "preact";
import type { EditorTechnique } from "../../src/protocol/editor.ts";
import type { LayerDescription, LayerDetails } from "../../src/protocol/model.ts";
import { ReasonButton } from "../ui/reason-button.tsx";
import { mayBeFloat, mayHaveSpace } from "./space.ts";

type Known = Pick<LayerDetails, "outputs"> | undefined;

/** Techniques that a layer offers by itself, how the button says it, and why one does not fit a layer. */
const OFFERS: readonly {
  readonly technique: string;
  readonly label: string;
  readonly misfit: (layer: LayerDescription, details: Known) => string | undefined;
}[] = [
  { technique: "layer-activation", label: "Show activation", misfit: noFloat },
  {
    technique: "feature-maps",
    label: "Show feature maps",
    misfit: (layer, details) =>
      noFloat(layer, details) ??
      (mayHaveSpace(layer, details)
        ? undefined
        : "This layer's output has no places for its channels to be mapped over. Show activation draws its values as bars."),
  },
  {
    technique: "grad-cam",
    label: "Grad-CAM here",
    misfit: (layer, details) =>
      noFloat(layer, details) ??
      (mayHaveSpace(layer, details) ? undefined : "This layer's output has no height and width larger than 1×1."),
  },
];

function noFloat(layer: LayerDescription, details: Known): string | undefined {
  if (mayBeFloat(layer, details)) return undefined;
  const type = details?.outputs[0]?.type;
  return type === undefined
    ? "This layer has no output."
    : `This layer's output is ${type}: only floating-point values are drawn.`;
}

/** What can be looked at of one layer; what cannot says why. */
export function LayerActions({
  layer,
  details,
  techniques,
  blocked,
  onVisualize,
}: {
  readonly layer: LayerDescription;
  readonly details: Known;
  readonly techniques: readonly EditorTechnique[];
  readonly blocked?: string;
  readonly onVisualize: (technique: string, value: string) => void;
}): VNode {
  return (
    <div class="inspector-actions">
      {OFFERS.flatMap(({ technique, label, misfit }) => {
        const known = techniques.find(({ id }) => id === technique);
        if (!known) return [];
        return [
          <ReasonButton
            key={technique}
            title={known.summary}
            reason={blocked ?? known.reason ?? misfit(layer, details)}
            testid={`layer-${technique}`}
            onClick={() => onVisualize(technique, layer.outputs[0])}
          >
            {label}
          </ReasonButton>,
        ];
      })}
    </div>
  );
}
