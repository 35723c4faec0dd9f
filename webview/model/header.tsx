import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import type { ModelDescription, ValueDescription } from "../../src/protocol/model.ts";
import { formatBytes, formatCount, formatShape, group, plural } from "../../src/protocol/format.ts";
import { parametersText } from "./parameters.ts";

/** What the file is, at a glance: one line of facts, and what goes in and comes out. Children stand beside the name. */
export function Header({
  model,
  plumbing,
  children,
}: {
  readonly model: ModelDescription;
  /** How many of its nodes only compute shapes and constants. */
  readonly plumbing: number;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <header class="header">
      <div class="title">
        <h1 data-testid="model-name">{model.name}</h1>
        {children}
      </div>
      <ul class="facts" data-testid="facts" aria-label="Facts">
        {facts(model, plumbing).map((fact) => (
          <li key={fact.id} data-testid={`fact-${fact.id}`} title={fact.title}>
            {fact.text}
          </li>
        ))}
      </ul>
      <div class="io">
        <Values title="Inputs" values={model.inputs} testid="inputs" />
        <Values title="Outputs" values={model.outputs} testid="outputs" />
      </div>
    </header>
  );
}

interface Fact {
  readonly id: string;
  readonly text: string;
  readonly title?: string;
}

function facts(model: ModelDescription, plumbing: number): Fact[] {
  const producer = [model.producer, model.producerVersion].filter(Boolean).join(" ");
  const opsets = Object.entries(model.opsets);
  const { file, external } = model.size;
  return [
    { id: "format", text: model.format.toUpperCase(), title: `IR version ${model.irVersion}` },
    ...(producer ? [{ id: "producer", text: producer, title: "Producer" }] : []),
    ...(opsets.length
      ? [
          {
            id: "opset",
            text: `opset ${opsets.map(([domain, version]) => (domain === "" || domain === "ai.onnx" ? version : `${domain} ${version}`)).join(", ")}`,
            title: "Operator sets required by the model",
          },
        ]
      : []),
    {
      id: "size",
      text: formatBytes(file + external),
      title: external
        ? `${group(file)} bytes in the file, ${group(external)} bytes in external data files`
        : `${group(file)} bytes on disk`,
    },
    { id: "nodes", text: plural(model.layers.length, "node"), title: nodesTitle(model, plumbing) },
    {
      id: "parameters",
      text: `${formatCount(model.parameters)} parameters`,
      title: `${parametersText(model)}: elements of weights in initializers and constants`,
    },
  ];
}

/** Why there are more nodes than layers. */
function nodesTitle({ layers, constants }: ModelDescription, plumbing: number): string | undefined {
  const parts = [
    ...(plumbing > 0
      ? [
          `${plural(layers.length - plumbing, "layer")}, and ${plumbing} that only compute${plumbing === 1 ? "s" : ""} shapes or constants, or hand on what they are given (plumbing)`,
        ]
      : []),
    ...(constants > 0 ? [`${plural(constants, "Constant node")} not counted`] : []),
  ];
  return parts.length > 0 ? parts.join("; ") : undefined;
}

/** More than this many are shown when asked for. */
const SHOWN = 4;

function Values({
  title,
  values,
  testid,
}: {
  readonly title: string;
  readonly values: readonly ValueDescription[];
  readonly testid: string;
}): VNode {
  const [all, setAll] = useState(false);
  const shown = all ? values : values.slice(0, SHOWN);
  return (
    <div class="values">
      <table class="value-table" data-testid={testid}>
        <caption>
          {title}
          {values.length > 1 ? <span class="muted"> {values.length}</span> : null}
        </caption>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Type</th>
            <th scope="col">Shape</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((value) => (
            <tr key={value.name} title={value.doc || undefined}>
              <th scope="row" class="mono">
                {value.name}
              </th>
              <td class="muted">{value.type}</td>
              <td class="number">{formatShape(value.dims)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {values.length === 0 ? <p class="muted">none</p> : null}
      {values.length > SHOWN ? (
        <button type="button" class="link-button" onClick={() => setAll(!all)}>
          {all ? "Fewer" : `${values.length - SHOWN} more`}
        </button>
      ) : null}
    </div>
  );
}
