import type { VNode } from "preact";
import type { LayerDescription, ModelDescription } from "../../src/protocol/model.ts";
import { formatShape, group } from "../../src/protocol/format.ts";
import { MiddleText } from "../ui/middle-text.tsx";
import { Dot } from "./dot.tsx";
import { operatorName } from "./search.ts";

/** Every row is as high as this, in CSS pixels: so a row's place is known without measuring ten thousand of them. */
export const ROW_HEIGHT = 24;

/** One layer's row, at its place in the table. */
export function LayerRow({
  layer,
  place,
  selected,
  isStop,
  largest,
  operators,
  onFocus,
  onClick,
}: {
  readonly layer: LayerDescription;
  readonly place: number;
  readonly selected: boolean;
  /** Whether the Tab key leads here. */
  readonly isStop: boolean;
  /** The parameters of the layer that has most. */
  readonly largest: number;
  readonly operators: ModelDescription["operators"];
  readonly onFocus: () => void;
  readonly onClick: () => void;
}): VNode {
  const { index, name, outputDims, parameters, plumbing } = layer;
  return (
    <div
      role="row"
      class={`row ${plumbing ? "plumbing" : ""}`}
      aria-rowindex={place + 2}
      aria-selected={selected}
      tabIndex={isStop ? 0 : -1}
      data-row={place}
      data-testid={`layer-${index}`}
      style={{ transform: `translateY(${place * ROW_HEIGHT}px)` }}
      onFocus={onFocus}
      onClick={onClick}
    >
      <div role="gridcell" class="c-order number muted">
        {index}
      </div>
      <div role="gridcell" class="c-name" title={name}>
        <MiddleText text={name} />
      </div>
      <div role="gridcell" class="c-operator" title={operatorName(layer)}>
        <Dot operator={operatorName(layer)} among={operators} />
        <MiddleText text={operatorName(layer)} />
      </div>
      <div
        role="gridcell"
        class={`c-shape number ${outputDims ? "" : "muted"}`}
        title={outputDims && formatShape(outputDims)}
      >
        {outputDims ? formatShape(outputDims) : "—"}
      </div>
      <div role="gridcell" class={`c-parameters number ${parameters ? "" : "muted"}`}>
        {parameters > largest / 30 ? (
          <i class="share" aria-hidden="true" style={{ width: `${(parameters / largest) * 100}%` }} />
        ) : null}
        <span>{parameters ? group(parameters) : "—"}</span>
      </div>
    </div>
  );
}
