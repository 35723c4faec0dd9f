import type { VNode } from "preact";
import { COLOR_MAPS } from "../../src/protocol/looks.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import { Segmented, Select, Slider } from "../ui/fields.tsx";
import { formatPercent } from "../../src/protocol/format.ts";

type OnChange = (looks: Partial<Looks>) => void;

const colorMaps: readonly { readonly value: Looks["colorMap"]; readonly label: string }[] = [
  { value: "auto", label: "auto colours" },
  ...COLOR_MAPS.map((name) => ({ value: name, label: name })),
];

interface Props {
  readonly options: readonly (keyof Looks)[];
  readonly looks: Looks;
  /** Whether there is a picture below or beside. */
  readonly hasPicture?: boolean;
  /** Whether there are channels that become one. */
  readonly hasChannels?: boolean;
  /** Whether colours are chosen here. */
  readonly hasColors?: boolean;
  readonly onChange: OnChange;
}

/** How results are drawn: the controls of the options that a kind of artifact has. Nothing here runs the model. */
export function DisplayOptions({
  options,
  looks,
  hasPicture = false,
  hasChannels = false,
  hasColors = true,
  onChange,
}: Props): VNode {
  const shown = (option: keyof Looks, also = true): boolean => also && options.includes(option);
  const over = hasPicture && looks.arrangement === "overlay";
  return (
    <div class="looks" role="group" aria-label="Display options">
      {shown("arrangement", hasPicture) ? (
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
      {shown("opacity", hasPicture) ? (
        <Slider
          label="opacity"
          value={looks.opacity}
          min={0}
          max={1}
          step={0.01}
          text={formatPercent(looks.opacity)}
          testid="opacity"
          disabled={!over}
          title={over ? "Opacity of the map over the image" : "Only for the overlay"}
          onInput={(opacity) => onChange({ opacity })}
        />
      ) : null}
      {shown("lines") ? (
        <Segmented
          label="Drawn as"
          value={looks.lines === "auto" ? "lines" : looks.lines}
          testid="lines"
          onChange={(lines) => onChange({ lines })}
          choices={[
            { value: "lines", label: "Lines" },
            { value: "map", label: "Map", title: "A row of colours for each line" },
          ]}
        />
      ) : null}
      {shown("tileSort") ? (
        <span class="field">
          <span class="field-label">sort</span>
          <Segmented
            label="Sort channels by"
            value={looks.tileSort === "auto" ? "strength" : looks.tileSort}
            testid="sort"
            onChange={(tileSort) => onChange({ tileSort })}
            choices={[
              { value: "index", label: "Index", title: "In the order of the channels" },
              { value: "strength", label: "Strength", title: "Mean absolute activation, strongest first" },
            ]}
          />
        </span>
      ) : null}
      {shown("tileScale") ? (
        <span class="field">
          <span class="field-label">scale</span>
          <Segmented
            label={shown("colorMap") ? "Colour scale" : "Scale"}
            value={looks.tileScale}
            testid="scale"
            onChange={(tileScale) => onChange({ tileScale })}
            choices={[
              { value: "own", label: "Own", title: "Each channel uses its own range" },
              { value: "shared", label: "Shared", title: "All channels share one range" },
            ]}
          />
        </span>
      ) : null}
      {shown("clip", hasColors) ? <Clip looks={looks} onChange={onChange} /> : null}
      {shown("colorMap", hasColors) ? <ColorMap looks={looks} onChange={onChange} /> : null}
      {shown("reduce", hasChannels) ? (
        <Select
          label="Combine channels by"
          value={looks.reduce}
          testid="reduce"
          onChange={(reduce) => onChange({ reduce })}
          choices={[
            { value: "max", label: "abs max" },
            { value: "mean", label: "mean" },
            { value: "l2", label: "L2" },
          ]}
          title="How channels are combined into one map"
        />
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
      text={formatPercent(looks.clip / 100, 4)}
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
