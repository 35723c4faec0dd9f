import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import type { EditorHost, EditorTechnique } from "../../src/protocol/editor.ts";
import type { LayerDescription, LayerDetails, ModelDescription } from "../../src/protocol/model.ts";
import { Definitions } from "../ui/definitions.tsx";
import { FailureText } from "../ui/feedback.tsx";
import { IconButton } from "../ui/fields.tsx";
import type { Failure } from "../ui/host.ts";
import { useAnswer } from "../ui/store.ts";
import type { HostLink } from "../ui/store.ts";
import { Dot } from "./dot.tsx";
import { LayerActions } from "./layer-actions.tsx";
import { Use } from "./layer-use.tsx";
import { operatorName } from "./search.ts";

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
  readonly techniques: readonly EditorTechnique[];
  readonly blocked?: string;
  readonly onVisualize: (technique: string, value: string) => void;
  readonly onGo: (index: number) => void;
  readonly onClose: () => void;
  readonly onCopy: (text: string, what: string) => void;
}): VNode {
  const { answer: details, failure } = useDetails(link, layer.index);
  // A link is gone with the layer that it stood in: the keys go on from the name of the one that it leads to.
  const heading = useRef<HTMLHeadingElement>(null);
  const go = (index: number): void => {
    onGo(index);
    heading.current?.focus();
  };
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
          <h2 ref={heading} tabIndex={-1} title={layer.name}>
            {layer.name}
          </h2>
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
        <IconButton
          icon="copy"
          label="Copy the name"
          onClick={() => onCopy(layer.name, "the name")}
          testid="copy-name"
        />
        <IconButton icon="close" label="Close the inspector" onClick={onClose} testid="close-inspector" />
      </div>
      <LayerActions layer={layer} details={known} techniques={techniques} blocked={blocked} onVisualize={onVisualize} />
      {failure ? (
        <div class="inline-error" role="alert">
          <FailureText failure={failure} />
        </div>
      ) : null}
      {details ? (
        <Details details={details} model={model} link={link} onGo={go} onCopy={onCopy} />
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
  readonly onCopy: (text: string, what: string) => void;
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
