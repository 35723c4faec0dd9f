import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { EditorHost } from "../../src/protocol/editor.ts";
import { formatBytes, formatShape, plural } from "../../src/protocol/format.ts";
import type { ModelDescription, ValueUse } from "../../src/protocol/model.ts";
import { Disclosure, Icon } from "../ui/fields.tsx";
import type { HostLink } from "../ui/store.ts";
import { operatorName } from "./search.ts";
import { Tensor } from "./tensor.tsx";

/** More consumers than this many are shown when asked for. */
const SHOWN = 8;

/**
 * One input or output, as the operator's specification calls it: where it comes from or which layers take it, and for a
 * constant the tensor behind it.
 */
export function Use({
  use,
  model,
  link,
  onGo,
  onCopy,
  own = false,
}: {
  readonly use: ValueUse;
  readonly model: ModelDescription;
  readonly link: HostLink<EditorHost>;
  readonly onGo: (index: number) => void;
  readonly onCopy: (text: string, what: string) => void;
  /** Whether it is an output of this layer. */
  readonly own?: boolean;
}): VNode {
  const [open, setOpen] = useState(false);
  const { from } = use;
  const formal = use.formal === undefined ? null : <span class="use-formal">{use.formal}</span>;
  if (from.kind === "omitted" && use.problem === undefined)
    return (
      <li class="use muted">
        <div class="use-line">{formal} left out</div>
      </li>
    );
  const type = [use.type, use.dims ? formatShape(use.dims) : undefined].filter(Boolean).join(" ");
  const name = (
    <>
      {formal}
      <span class="mono use-name" title={use.name}>
        {use.name}
      </span>
    </>
  );
  return (
    <li class="use">
      {from.kind === "constant" ? (
        <Disclosure
          open={open}
          onToggle={setOpen}
          testid={`tensor-${use.name}`}
          title={
            <>
              {name}
              <span class="muted">
                {type} · {formatBytes(from.bytes)}
              </span>
            </>
          }
        >
          {() => <Tensor link={link} name={use.name} location={from.location} onCopy={onCopy} />}
        </Disclosure>
      ) : (
        <div class="use-line">
          {name}
          <span class="muted">{type}</span>
          {own ? null : from.kind === "input" ? (
            <span class="muted">model input</span>
          ) : from.kind === "layer" ? (
            <LayerLink index={from.index} icon="arrow-up" model={model} onGo={onGo} />
          ) : null}
        </div>
      )}
      {use.consumers ? (
        <Consumers consumers={use.consumers} isOutput={use.isOutput === true} model={model} onGo={onGo} />
      ) : null}
      {use.problem ? (
        <p class="use-problem">
          <Icon name="warning" />
          {use.problem}
        </p>
      ) : null}
    </li>
  );
}

/** The layers that take a value. */
function Consumers({
  consumers,
  isOutput,
  model,
  onGo,
}: {
  readonly consumers: readonly number[];
  readonly isOutput: boolean;
  readonly model: ModelDescription;
  readonly onGo: (index: number) => void;
}): VNode {
  const [all, setAll] = useState(false);
  const shown = all ? consumers : consumers.slice(0, SHOWN);
  return (
    <div class="use-line consumers" data-testid="consumers">
      <span class="muted">{consumers.length > 0 ? "used by" : isOutput ? "model output" : "used by no layer"}</span>
      {shown.map((index) => (
        <LayerLink key={index} index={index} icon="arrow-down" model={model} onGo={onGo} />
      ))}
      {consumers.length > SHOWN ? (
        <button type="button" class="link-button" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Fewer" : `${plural(consumers.length - SHOWN, "more layer")}`}
        </button>
      ) : null}
      {isOutput && consumers.length > 0 ? <span class="muted">and model output</span> : null}
    </div>
  );
}

/** Leads to another layer, and selects it. */
function LayerLink({
  index,
  icon,
  model,
  onGo,
}: {
  readonly index: number;
  readonly icon: string;
  readonly model: ModelDescription;
  readonly onGo: (index: number) => void;
}): VNode {
  const layer = model.layers[index];
  return (
    <button type="button" class="link-button" title={`Go to ${layer.name}`} onClick={() => onGo(index)}>
      <Icon name={icon} />
      {operatorName(layer)} {index}
    </button>
  );
}
