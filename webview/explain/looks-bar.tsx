import type { VNode } from "preact";
import { COLOR_MAPS, type Looks } from "../../src/protocol/looks.ts";
import { Segmented, Select, Slider } from "../ui/fields.tsx";

type OnChange = (looks: Partial<Looks>) => void;

const colorMaps: readonly { readonly value: Looks["colorMap"]; readonly label: string }[] = [
  { value: "auto", label: "auto colours" },
  ...COLOR_MAPS.map((name) => ({ value: name, label: name })),
];

/** How a heat map is drawn. Nothing here runs the model. */
export function HeatmapLooks({
  looks,
  hasPicture,
  hasChannels,
  onChange,
}: {
  readonly looks: Looks;
  readonly hasPicture: boolean;
  readonly hasChannels: boolean;
  readonly onChange: OnChange;
}): VNode {
  const over = hasPicture && looks.arrangement === "overlay";
  return (
    <div class="looks" role="group" aria-label="Display options">
      {hasPicture ? (
        <Segmented
          label="Arrangement"
          value={looks.arrangement}
          testid="arrangement"
          onChange={(arrangement) => onChange({ arrangement })}
          choices={[
            { value: "side-by-side", label: "Side by side" },
            { value: "overlay", label: "Overlay" },
            { value: "map", label: "Map only" },
          ]}
        />
      ) : null}
      {hasPicture ? (
        <Slider
          label="opacity"
          value={looks.opacity}
          min={0}
          max={1}
          step={0.01}
          text={`${Math.round(looks.opacity * 100)}%`}
          testid="opacity"
          disabled={!over}
          title={over ? "How much of the map covers the picture" : "For the overlay"}
          onInput={(opacity) => onChange({ opacity })}
        />
      ) : null}
      <Clip looks={looks} onChange={onChange} />
      <ColorMap looks={looks} onChange={onChange} />
      {hasChannels ? (
        <Select
          label="Channels become one by"
          value={looks.reduce}
          testid="reduce"
          onChange={(reduce) => onChange({ reduce })}
          choices={[
            { value: "max", label: "abs max" },
            { value: "mean", label: "mean" },
            { value: "l2", label: "L2" },
          ]}
          title="How the channels become one map"
        />
      ) : null}
    </div>
  );
}

/** How tiles are drawn and in which order. */
export function TilesLooks({
  looks,
  withColors,
  onChange,
}: {
  readonly looks: Looks;
  readonly withColors: boolean;
  readonly onChange: OnChange;
}): VNode {
  return (
    <div class="looks" role="group" aria-label="Tiles">
      <span class="field">
        <span class="field-label">sort</span>
        <Segmented
          label="Sort channels by"
          value={looks.tileSort}
          testid="sort"
          onChange={(tileSort) => onChange({ tileSort })}
          choices={[
            { value: "index", label: "Index" },
            { value: "strength", label: "Strength", title: "Mean absolute activation, strongest first" },
          ]}
        />
      </span>
      <span class="field">
        <span class="field-label">scale</span>
        <Segmented
          label="Colour scale"
          value={looks.tileScale}
          testid="scale"
          onChange={(tileScale) => onChange({ tileScale })}
          choices={[
            { value: "own", label: "Own", title: "Each channel over its own values" },
            { value: "shared", label: "Shared", title: "All channels over one range" },
          ]}
        />
      </span>
      {withColors ? (
        <>
          <Clip looks={looks} onChange={onChange} />
          <ColorMap looks={looks} onChange={onChange} />
        </>
      ) : null}
    </div>
  );
}

function Clip({ looks, onChange }: { readonly looks: Looks; readonly onChange: OnChange }): VNode {
  return (
    <Slider
      label="clip"
      value={looks.clip}
      min={50}
      max={100}
      step={0.5}
      text={`${looks.clip}%`}
      testid="clip"
      title="Percentile of the magnitudes at which colours saturate"
      onInput={(clip) => onChange({ clip })}
    />
  );
}

function ColorMap({ looks, onChange }: { readonly looks: Looks; readonly onChange: OnChange }): VNode {
  return (
    <Select
      label="Colour map"
      value={looks.colorMap}
      choices={colorMaps}
      testid="colormap"
      onChange={(colorMap) => onChange({ colorMap })}
    />
  );
}
