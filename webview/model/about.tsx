import type { VNode } from "preact";
import type { ModelDescription } from "../../src/protocol/model.ts";
import { Definitions } from "../ui/definitions.tsx";
import type { Definition } from "../ui/definitions.tsx";
import { formatBytes, plural } from "../../src/protocol/format.ts";
import { parametersText } from "./parameters.ts";
import { Dot } from "./dot.tsx";

/** All that the file says of itself. */
export function About({ model }: { readonly model: ModelDescription }): VNode {
  const largest = model.operators[0]?.count ?? 1;
  return (
    <div class="about" data-testid="about">
      <section>
        <h2>File</h2>
        <Definitions rows={rows(model)} />
      </section>
      {model.doc ? (
        <section>
          <h2>Description</h2>
          <p class="doc">{model.doc}</p>
        </section>
      ) : null}
      <section>
        <h2>
          Operators <span class="number">{model.operators.length}</span>
        </h2>
        <table class="operators">
          <thead class="visually-hidden">
            <tr>
              <th scope="col">Operator</th>
              <th scope="col">Nodes</th>
            </tr>
          </thead>
          <tbody>
            {model.operators.map(({ operator, count, line }) => (
              <tr key={operator} title={line}>
                <th scope="row">
                  <Dot operator={operator} among={model.operators} />
                  {operator}
                </th>
                <td class="number">
                  <div>
                    <span class="amount">
                      <i class="share" aria-hidden="true" style={{ width: `${(count / largest) * 100}%` }} />
                    </span>
                    {count}
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section>
        <h2>Metadata</h2>
        {Object.keys(model.metadata).length ? (
          <Definitions class="mono" rows={Object.entries(model.metadata).map(([name, value]) => ({ name, value }))} />
        ) : (
          <p class="muted">The file has no metadata.</p>
        )}
      </section>
      {model.functions.length ? (
        <section>
          <h2>Functions</h2>
          <Definitions
            rows={model.functions.map((one) => ({
              name: `${one.domain ? `${one.domain}.` : ""}${one.name}`,
              value: plural(one.nodes, "node"),
            }))}
          />
        </section>
      ) : null}
    </div>
  );
}

function rows(model: ModelDescription): Definition[] {
  const all: [string, string][] = [
    ["Path", model.path],
    ["Producer", [model.producer, model.producerVersion].filter(Boolean).join(" ")],
    ["Domain", model.domain],
    ["Model version", model.modelVersion ? String(model.modelVersion) : ""],
    ["IR version", String(model.irVersion)],
    [
      "Operator sets",
      Object.entries(model.opsets)
        .map(([domain, version]) => `${domain || "ai.onnx"} ${version}`)
        .join(", "),
    ],
    ["Graph", model.graphName],
    [
      "Size",
      `${formatBytes(model.size.file)}${model.size.external ? ` and ${formatBytes(model.size.external)} of external data` : ""}`,
    ],
    [
      "Nodes",
      `${plural(model.layers.length, "node")}${model.constants ? ` and ${plural(model.constants, "Constant")}` : ""}`,
    ],
    ["Parameters", parametersText(model)],
  ];
  return all.filter(([, value]) => value).map(([name, value]) => ({ name, value }));
}
