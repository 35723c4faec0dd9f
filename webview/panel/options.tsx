import type { VNode } from "preact";
import type { Params, ParamSpec, ParamValue, TechniqueInfo } from "../../src/protocol/technique.ts";
import { Checkbox } from "../ui/controls.tsx";
import { NumberField, Select, ValueField } from "../ui/fields.tsx";
import type { PanelController } from "./controller.ts";
import { isChanged, paramValue, visibleParams } from "./state.ts";

/** A method's own options, made from its list of parameters: changing one runs again. */
export function Options({ technique, params, controller }: { readonly technique: TechniqueInfo; readonly params: Params | undefined; readonly controller: Pick<PanelController, "setParam" | "resetParams"> }): VNode | null {
  const shown = visibleParams(technique, params);
  if (!shown.length) return null;
  return (
    <div class="options" role="group" aria-label={`${technique.title} options`} data-testid="options">
      {shown.map((spec) => <Option key={`${technique.id} ${spec.name}`} spec={spec} value={paramValue(spec, params)} onChange={(value) => controller.setParam(spec.name, value)} />)}
      {isChanged(technique, params)
        ? <button type="button" class="link-button" data-testid="reset" title="Back to this method's defaults" onClick={() => controller.resetParams()}>Reset</button> : null}
    </div>
  );
}

function Option({ spec, value, onChange }: { readonly spec: ParamSpec; readonly value: ParamValue; readonly onChange: (value: ParamValue) => void }): VNode {
  const testid = `param-${spec.name}`;
  switch (spec.type) {
    case "boolean": return <Checkbox checked={value === true} onChange={onChange} title={spec.help} testid={testid}>{spec.label}</Checkbox>;
    case "choice": return <Select label={spec.label} shown value={String(value)} choices={spec.options} onChange={onChange} title={spec.help} testid={testid} />;
    case "text": {
      const pattern = new RegExp(`^(?:${spec.pattern})$`);
      return (
        <ValueField label={spec.label} value={String(value)} format={(text) => text} parse={(text) => (pattern.test(text) ? { value: text } : { problem: spec.problem })}
          onChange={onChange} title={spec.help} testid={testid} />
      );
    }
    case "number": return (
      <NumberField label={spec.label} value={Number(value)} min={spec.min} max={spec.max} step={spec.step} integer={spec.integer} unit={spec.unit}
        onChange={onChange} title={spec.help} testid={testid} />
    );
  }
}
