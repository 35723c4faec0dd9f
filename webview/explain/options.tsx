import type { VNode } from "preact";
import { readParam } from "../../src/protocol/params.ts";
import type { Params, ParamSpec, ParamValue, TechniqueInfo } from "../../src/protocol/technique.ts";
import { Checkbox } from "../ui/controls.tsx";
import { IconButton, NumberField, Select, ValueField } from "../ui/fields.tsx";
import type { PanelController } from "./controller.ts";
import { isChanged, paramValue, visibleParams } from "./state.ts";

/** A method's own options, made from its list of parameters: changing one runs again. */
export function Options({
  technique,
  params,
  controller,
}: {
  readonly technique: TechniqueInfo;
  readonly params: Params | undefined;
  readonly controller: Pick<PanelController, "setParam" | "resetParams"> & Partial<Pick<PanelController, "pickFile">>;
}): VNode | null {
  const shown = visibleParams(technique, params);
  if (!shown.length) return null;
  return (
    <div class="options" role="group" aria-label={`${technique.title} options`} data-testid="options">
      {shown.map((spec) => (
        <Option
          key={`${technique.id} ${spec.name}`}
          spec={spec}
          value={paramValue(spec, params)}
          onChange={(value) => controller.setParam(spec.name, value)}
          onBrowse={controller.pickFile && (() => void controller.pickFile?.(spec.name, spec.label))}
        />
      ))}
      {takesNoise(technique) ? (
        <SmoothGrad
          samples={Number(
            paramValue(
              technique.params.find(({ name }) => name === "samples")!,
              params,
            ),
          )}
          onChange={(samples) => controller.setParam("samples", samples)}
        />
      ) : null}
      {isChanged(technique, params) ? (
        <button
          type="button"
          class="link-button"
          data-testid="reset"
          title="Restore this method's defaults"
          onClick={() => controller.resetParams()}
        >
          Reset
        </button>
      ) : null}
    </div>
  );
}

/** SmoothGrad's usual number of noisy copies. */
const COPIES = 50;

function takesNoise({ params }: TechniqueInfo): boolean {
  return (
    params.some((spec) => spec.name === "samples" && spec.default === 0) &&
    params.some(({ name }) => name === "noise_type")
  );
}

/** The noise options in one click: on with SmoothGrad's usual number of copies, off again. */
function SmoothGrad({
  samples,
  onChange,
}: {
  readonly samples: number;
  readonly onChange: (samples: number) => void;
}): VNode {
  return (
    <button
      type="button"
      class="method smoothgrad"
      aria-pressed={samples > 0}
      data-testid="smoothgrad"
      onClick={() => onChange(samples > 0 ? 0 : COPIES)}
      title={
        samples > 0
          ? "Explain the input itself, without noisy copies"
          : `Average over ${COPIES} noisy copies of the input (Smilkov et al. 2017): smoother, but ${COPIES} times slower`
      }
    >
      SmoothGrad
    </button>
  );
}

function Option({
  spec,
  value,
  onChange,
  onBrowse,
}: {
  readonly spec: ParamSpec;
  readonly value: ParamValue;
  readonly onChange: (value: ParamValue) => void;
  readonly onBrowse?: (() => void) | undefined;
}): VNode {
  const testid = `param-${spec.name}`;
  switch (spec.type) {
    case "boolean":
      return (
        <Checkbox checked={value === true} onChange={onChange} title={spec.help} testid={testid}>
          {spec.label}
        </Checkbox>
      );
    case "choice":
      return (
        <Select
          label={spec.label}
          shown
          value={String(value)}
          choices={spec.options}
          onChange={onChange}
          title={spec.help}
          testid={testid}
        />
      );
    case "text": {
      const field = (
        <ValueField
          label={spec.label}
          value={String(value)}
          format={(text) => text}
          parse={(text) => ("value" in readParam(spec, text) ? { value: text } : { problem: spec.problem })}
          onChange={onChange}
          title={spec.help}
          testid={testid}
        />
      );
      return spec.files && onBrowse ? (
        <span class="with-button">
          {field}
          <IconButton
            icon="folder-opened"
            label={`${spec.label}: choose a file`}
            onClick={onBrowse}
            testid={`${testid}-file`}
          />
        </span>
      ) : (
        field
      );
    }
    case "number":
      return (
        <NumberField
          label={spec.label}
          value={Number(value)}
          min={spec.min}
          max={spec.max}
          step={spec.step}
          integer={spec.integer}
          unit={spec.unit}
          onChange={onChange}
          title={spec.help}
          testid={testid}
        />
      );
  }
}
