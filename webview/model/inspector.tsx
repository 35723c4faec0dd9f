import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import type { EditorBoot, EditorHost } from "../../src/protocol/editor.ts";
import type { LayerDescription, LayerDetails, ModelDescription, ValueUse } from "../../src/protocol/model.ts";
import { Button } from "../ui/controls.tsx";
import { Definitions } from "../ui/definitions.tsx";
import { FailureText } from "../ui/feedback.tsx";
import { Disclosure, Icon, IconButton } from "../ui/fields.tsx";
import { formatBytes, formatShape } from "../../src/protocol/format.ts";
import type { Failure } from "../ui/host.ts";
import { useAnswer } from "../ui/store.ts";
import type { HostLink } from "../ui/store.ts";
import { Dot } from "./dot.tsx";
import { operatorName } from "./search.ts";
import { mayBeFloat, mayHaveSpace } from "./space.ts";
import { Tensor } from "./tensor.tsx";

type Techniques = Extract<EditorBoot, { kind: "model" }>["techniques"];

/** Techniques that a layer offers by itself, and how the button says it. */
const offers: readonly { readonly technique: string; readonly label: string; readonly fits: typeof mayHaveSpace }[] = [
  { technique: "feature-maps", label: "Show feature maps", fits: mayBeFloat },
  { technique: "grad-cam", label: "Grad-CAM here", fits: mayHaveSpace },
];

/** One layer opened: its attributes, what goes in, what comes out, and the tensors in it. */
export function Inspector({
  layer,
  model,
  link,
  techniques,
  blocked,
  onVisualize,
  onGo,
  onClose,
  onCopy,
}: {
  readonly layer: LayerDescription;
  readonly model: ModelDescription;
  readonly link: HostLink<EditorHost>;
  readonly techniques: Techniques;
  readonly blocked?: string;
  readonly onVisualize: (technique: string, value: string) => void;
  readonly onGo: (index: number) => void;
  readonly onClose: () => void;
  readonly onCopy: (text: string) => void;
}): VNode {
  const { answer: details, failure } = useDetails(link, layer.index);
  const known = details?.layer.index === layer.index ? details : undefined;
  const line = model.operators.find(({ operator }) => operator === operatorName(layer))?.line;
  return (
    <aside
      class="inspector"
      aria-label={`Layer ${layer.name}`}
      data-testid="inspector"
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
      }}
    >
      <div class="inspector-head">
        <div class="inspector-title">
          <h2 title={layer.name}>{layer.name}</h2>
          <p class="muted">
            <Dot operator={operatorName(layer)} among={model.operators} />
            {operatorName(layer)} · #{layer.index}
          </p>
          {line ? (
            <p class="muted" data-testid="operator-line">
              {line}
            </p>
          ) : null}
        </div>
        <IconButton icon="copy" label="Copy the name" onClick={() => onCopy(layer.name)} testid="copy-name" />
        <IconButton icon="close" label="Close the inspector" onClick={onClose} testid="close-inspector" />
      </div>
      <div class="inspector-actions">
        {offers
          .filter(
            (offer) => offer.fits(layer, known) && techniques.some((technique) => technique.id === offer.technique),
          )
          .map((offer) => (
            <Button
              key={offer.technique}
              disabled={blocked !== undefined}
              title={blocked}
              testid={`layer-${offer.technique}`}
              onClick={() => onVisualize(offer.technique, layer.outputs[0])}
            >
              {offer.label}
            </Button>
          ))}
      </div>
      {failure ? (
        <div class="inline-error" role="alert">
          <FailureText failure={failure} />
        </div>
      ) : null}
      {details ? (
        <Details details={details} model={model} link={link} onGo={onGo} onCopy={onCopy} />
      ) : failure ? null : (
        <p class="muted">Reading…</p>
      )}
    </aside>
  );
}

function Details({
  details,
  model,
  link,
  onGo,
  onCopy,
}: {
  readonly details: LayerDetails;
  readonly model: ModelDescription;
  readonly link: HostLink<EditorHost>;
  readonly onGo: (index: number) => void;
  readonly onCopy: (text: string) => void;
}): VNode {
  return (
    <>
      {details.doc ? <p class="doc">{details.doc}</p> : null}
      {details.attributes.length ? (
        <section>
          <h3>Attributes</h3>
          <Definitions
            testid="attributes"
            rows={details.attributes.map(({ name, type, value }) => ({ name, value, title: type, class: "mono" }))}
          />
        </section>
      ) : null}
      <section>
        <h3>Inputs</h3>
        <ul class="uses" data-testid="uses-in">
          {details.inputs.map((use, place) => (
            <Use key={place} use={use} model={model} link={link} onGo={onGo} onCopy={onCopy} />
          ))}
        </ul>
        {details.inputs.length ? null : <p class="muted">none</p>}
      </section>
      <section>
        <h3>Outputs</h3>
        <ul class="uses" data-testid="uses-out">
          {details.outputs.map((use, place) => (
            <Use key={place} use={use} model={model} link={link} onGo={onGo} onCopy={onCopy} own />
          ))}
        </ul>
      </section>
    </>
  );
}

/** One input or output: where it comes from, and for a constant the tensor behind it. */
function Use({
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
  readonly onCopy: (text: string) => void;
  readonly own?: boolean;
}): VNode {
  const [open, setOpen] = useState(false);
  const { from } = use;
  if (from.kind === "omitted") return <li class="use muted">left out</li>;
  const type = [use.type, use.dims ? formatShape(use.dims) : undefined].filter(Boolean).join(" ");
  const name = (
    <span class="mono use-name" title={use.name}>
      {use.name}
    </span>
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
          ) : (
            <button
              type="button"
              class="link-button"
              title={`Go to ${model.layers[from.index].name}`}
              onClick={() => onGo(from.index)}
            >
              <Icon name="arrow-up" />
              {model.layers[from.index].operator} {from.index}
            </button>
          )}
        </div>
      )}
      {use.problem ? (
        <p class="use-problem">
          <Icon name="warning" />
          {use.problem}
        </p>
      ) : null}
    </li>
  );
}

/** A layer's details, each read once. */
function useDetails(
  link: HostLink<EditorHost>,
  index: number,
): { readonly answer?: LayerDetails; readonly failure?: Failure } {
  const known = useRef(new Map<number, LayerDetails>());
  const ask = async (signal: AbortSignal): Promise<LayerDetails> => {
    const details = known.current.get(index) ?? (await link.call("layer", { index }, { signal }));
    known.current.set(index, details);
    return details;
  };
  return useAnswer(ask, [link, index]);
}
