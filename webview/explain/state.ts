import type { LayerChoice } from "../../src/protocol/engine.ts";
import type { TechniqueInfo, ParamSpec, Params, ParamValue } from "../../src/protocol/technique.ts";
import type { PanelState } from "../../src/protocol/panel.ts";

/**
 * Whether two states ask the engine for the same: everything but the looks and other methods' options. `technique` is
 * the second one's: an option that is not given means its default, so that the same question is known in either form. /
 */
export function sameJob(kept: unknown, state: PanelState, technique: TechniqueInfo | undefined): boolean {
  if (typeof kept !== "object" || kept === null) return false;
  return jobKey(kept as PanelState, technique) === jobKey(state, technique);
}

/** What a state asks the engine: equal for states that differ in looks only. */
export function jobKey(
  { model, input, more, technique: id, explain, target, layer, moreLayers, params, recipe }: PanelState,
  technique: TechniqueInfo | undefined,
): string {
  const { output, index, against, not, region } = target ?? {};
  const own = technique?.params.map((spec) => paramValue(spec, params?.[id]));
  return JSON.stringify([
    model,
    input,
    more,
    id,
    technique?.needs.target ? explain : undefined,
    output,
    index,
    against,
    not,
    region,
    layer,
    technique?.needs.several ? moreLayers : undefined,
    own,
    recipe,
  ]);
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
