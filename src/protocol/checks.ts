import type { CurveNumber, RandomNumbers } from "./artifacts.ts";
import type { PanelState } from "./panel.ts";
import { readParam, readParams } from "./params.ts";
import type { Params, ParamValue, TechniqueInfo } from "./technique.ts";

/** The checks ("How reliable is this explanation?") that a method's result can be put to, in their order. */
export function checksOf(technique: TechniqueInfo, techniques: readonly TechniqueInfo[]): readonly TechniqueInfo[] {
  return techniques.filter(
    ({ group, params }) =>
      group === "checks" &&
      params.some(
        (spec) =>
          spec.name === "method" && spec.type === "choice" && spec.options.some(({ value }) => value === technique.id),
      ),
  );
}

/** The state whose job is this check of the result that `state` shows. Undefined for a method that it cannot check. */
export function checkState(
  state: PanelState,
  check: string,
  techniques: readonly TechniqueInfo[],
): PanelState | undefined {
  const method = techniques.find(({ id }) => id === state.technique);
  if (!method || !checksOf(method, techniques).some(({ id }) => id === check)) return undefined;
  const { layer, moreLayers, ...rest } = state;
  const layers =
    method.needs.layer === "none" || layer === undefined
      ? {}
      : { layer, ...(method.needs.several && moreLayers ? { moreLayers } : {}) };
  return {
    ...rest,
    ...layers,
    technique: check,
    params: {
      ...state.params,
      [check]: { ...state.params[check], method: method.id, options: optionsText(method, state.params[method.id]) },
    },
  };
}

/** A method's options that are not its defaults, as a check's `options` takes them: "steps=20; rule=riemann_left". */
export function optionsText(method: TechniqueInfo, params: Params | undefined): string {
  return method.params
    .flatMap((spec) => {
      const value = params?.[spec.name];
      return value === undefined || value === spec.default ? [] : [`${spec.name}=${value}`];
    })
    .join("; ");
}

/**
 * The state of a panel that showed a check in place of its method, as earlier versions did: the method with its options,
 * and the check under its result. Any other state is given back as it is.
 */
export function withoutCheck(state: PanelState, techniques: readonly TechniqueInfo[]): PanelState {
  const check = techniques.find(({ id }) => id === state.technique);
  if (check?.group !== "checks") return state;
  const { method, options, ...own } = readParams(state.params[check.id], check);
  const info = techniques.find(({ id }) => id === method);
  if (!info) return state;
  return {
    ...state,
    technique: info.id,
    params: { ...state.params, [check.id]: own, [info.id]: readOptions(String(options), info) },
    reliability: [...new Set([...(state.reliability ?? []), check.id])],
  };
}

/** What optionsText wrote; options that are not sound become their defaults. */
function readOptions(text: string, method: TechniqueInfo): Params {
  const pairs = text.split(";").flatMap((part): [string, string][] => {
    const at = part.indexOf("=");
    return at < 1 ? [] : [[part.slice(0, at).trim(), part.slice(at + 1).trim()]];
  });
  return Object.fromEntries(
    pairs.flatMap(([name, value]): [string, ParamValue][] => {
      const spec = method.params.find((one) => one.name === name);
      const found = spec && readParam(spec, value);
      return found && "value" in found ? [[name, found.value]] : [];
    }),
  );
}

/** A number of several random maps. values: at least one. */
export function randomNumbers(values: readonly number[]): RandomNumbers {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { values, mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { values, mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** How an explanation's number stands to those of random maps. */
export interface Standing {
  /** "better": than every random map; "worse": than every one. */
  readonly word: "better" | "worse" | "mixed";
  /** Than how many of them it is better. */
  readonly better: number;
  readonly of: number;
}

/** Undefined where neither direction is better, there are no random maps, or a number is none. */
export function standing({ value, better, random }: CurveNumber): Standing | undefined {
  if (!better || !random || ![value, ...random.values].every(Number.isFinite)) return undefined;
  const sign = better === "higher" ? 1 : -1;
  const count = (isIt: (difference: number) => boolean): number =>
    random.values.filter((one) => isIt(sign * (value - one))).length;
  const [above, below, of] = [count((by) => by > 0), count((by) => by < 0), random.values.length];
  return { word: above === of ? "better" : below === of ? "worse" : "mixed", better: above, of };
}
