import { stateKey } from "../../src/protocol/panel-job.ts";
import type { LayerChoice } from "../../src/protocol/engine.ts";
import {
  takesInput,
  type TechniqueInfo,
  type ParamSpec,
  type Params,
  type ParamValue,
} from "../../src/protocol/technique.ts";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";

/**
 * Whether two states ask the engine for the same: everything but the looks and other methods' options. `technique` is
 * the second one's: an option that is not given means its default, so that the same question is known in either form.
 */
export function sameJob(kept: unknown, state: PanelState, technique: TechniqueInfo | undefined): boolean {
  if (typeof kept !== "object" || kept === null || (kept as PanelState).technique !== state.technique) return false;
  try {
    return stateKey(kept as PanelState, technique) === stateKey(state, technique);
  } catch {
    // What an earlier version kept may have any form: then it is not the same.
    return false;
  }
}

/** What a method's result is about, for files' names: the input's name, or the model's. */
export function subjectName(boot: PanelBoot, technique: TechniqueInfo | undefined): string {
  return boot.inputName !== undefined && (!technique || takesInput(technique)) ? boot.inputName : boot.modelName;
}

/** An option's value: what was chosen, or the default. */
export function paramValue(spec: ParamSpec, params: Params | undefined): ParamValue {
  return params?.[spec.name] ?? spec.default;
}

/** The options to show: those that others do not hide. */
export function visibleParams(technique: TechniqueInfo, params: Params | undefined): readonly ParamSpec[] {
  const valueOf = (name: string): ParamValue | undefined => {
    const spec = technique.params.find((one) => one.name === name);
    return spec && paramValue(spec, params);
  };
  return technique.params.filter(({ hiddenWhen, shownFor }) => {
    if (hiddenWhen && valueOf(hiddenWhen.param) === hiddenWhen.is) return false;
    return !shownFor || shownFor.values.includes(valueOf(shownFor.param) ?? "");
  });
}

/** Whether any option differs from its default. */
export function isChanged(technique: TechniqueInfo, params: Params | undefined): boolean {
  return technique.params.some((spec) => paramValue(spec, params) !== spec.default);
}

/**
 * A method without its option for how a transformer's tokens lie, where no layer looks like tokens ([N, tokens,
 * channels]) and it was not set.
 */
export function withoutGrid(
  technique: TechniqueInfo,
  layers: readonly LayerChoice[] | undefined,
  params: Params | undefined,
): TechniqueInfo {
  const grid = technique.needs.layer === "none" ? undefined : technique.params.find(({ name }) => name === "grid");
  if (!grid || paramValue(grid, params) !== grid.default || layers?.some(({ dims }) => dims.length === 3))
    return technique;
  return { ...technique, params: technique.params.filter((spec) => spec !== grid) };
}
