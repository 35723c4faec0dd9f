import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Result } from "../../src/protocol/result.ts";
import { Definitions } from "../ui/definitions.tsx";
import type { Definition } from "../ui/definitions.tsx";
import { Disclosure } from "../ui/fields.tsx";
import { formatDuration, formatThreads } from "../../src/protocol/format.ts";

/** What made this result: enough to make it again. */
export function Provenance({ result, cached }: { readonly result: Result; readonly cached: boolean }): VNode {
  const [open, setOpen] = useState(false);
  return (
    <Disclosure title="How this was computed" open={open} onToggle={setOpen} testid="provenance">
      {() => <Definitions rows={rows(result, cached)} testid="provenance-rows" />}
    </Disclosure>
  );
}

function rows({ provenance, time, arrays }: Result, cached: boolean): Definition[] {
  const { technique, model, input, target, score, layer, params, versions } = provenance;
  const raw = arrays.at(0);
  const options = Object.entries(params)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ");
  return [
    { name: "technique", value: technique },
    { name: "model", value: `${model.name} · ${model.hash.slice(0, 12)}`, title: model.hash },
    ...(input ? [{ name: "input", value: `${input.name} · ${input.hash.slice(0, 12)}`, title: input.hash }] : []),
    ...(target
      ? [
          {
            name: "target",
            value: `${target.label ? `${target.label}, ` : ""}${target.output} [${target.index.join(", ")}]${target.against ? ` − [${target.against.join(", ")}]` : ""}`,
          },
        ]
      : []),
    ...(score ? [{ name: "score", value: `${score.kind}, ${score.value}` }] : []),
    ...(layer === undefined ? [] : [{ name: "layer", value: layer, class: "mono" }]),
    ...(options ? [{ name: "options", value: options }] : []),
    ...(raw ? [{ name: "values", value: `float32 [${raw.dims.join(", ")}]` }] : []),
    {
      name: "time",
      value: `${formatDuration(time.run)} model run, ${formatDuration(time.total)} total${cached ? "; from the cache" : ""}`,
    },
    {
      name: "versions",
      value: `Neural Loupe ${versions.neuralLoupe}, ONNX Runtime ${versions.onnxruntime}, ${formatThreads(provenance)}`,
    },
  ];
}
