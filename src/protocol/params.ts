import type { Params, ParamSpec, ParamValue, TechniqueInfo } from "./technique.ts";

/** A parameter's value as it was read, or what is wrong with what was given, in one sentence. */
export type ReadParam = { readonly value: ParamValue } | { readonly problem: string; readonly hint?: string };

/**
 * One parameter by its specification. Numbers and booleans may come as text, as a command line has them, and a text as
 * a number; what is kept or sent has them as they are.
 */
export function readParam(spec: ParamSpec, given: unknown): ReadParam {
  switch (spec.type) {
    case "boolean":
      if (given === true || given === "true" || given === "1") return { value: true };
      if (given === false || given === "false" || given === "0") return { value: false };
      return { problem: `"${spec.name}" must be true or false, not ${JSON.stringify(given)}.` };
    case "number": {
      const value = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
      if (typeof value !== "number" || !Number.isFinite(value))
        return { problem: `"${spec.name}" must be a number, not ${JSON.stringify(given)}.` };
      if (spec.integer && !Number.isInteger(value))
        return { problem: `"${spec.name}" must be a whole number, not ${value}.` };
      if (value < spec.min || value > spec.max)
        return { problem: `"${spec.name}" is ${value}; it must be from ${spec.min} to ${spec.max}.` };
      return { value };
    }
    case "text": {
      const text = typeof given === "number" ? String(given) : given;
      if (typeof text === "string" && new RegExp(`^(?:${spec.pattern})$`).test(text)) return { value: text };
      return { problem: `"${spec.name}" cannot be ${JSON.stringify(given)}.`, hint: spec.problem };
    }
    case "choice": {
      const values = spec.options.map(({ value }) => value);
      const found = values.find((value) => value === given);
      if (found !== undefined) return { value: found };
      return { problem: `"${spec.name}" must be one of ${values.join(", ")}, not ${JSON.stringify(given)}.` };
    }
  }
}

/**
 * All of a technique's parameters from data that may be an older version's: those given where they are sound and of the
 * right type, defaults elsewhere, in the order of its specification.
 */
export function readParams(data: unknown, { params }: Pick<TechniqueInfo, "params">): Params {
  const given = typeof data === "object" && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
  return Object.fromEntries(
    params.map((spec) => {
      const read = readParam(spec, Object.hasOwn(given, spec.name) ? given[spec.name] : undefined);
      // A text that reads as a number is not what any version kept.
      return [spec.name, "value" in read && read.value === given[spec.name] ? read.value : spec.default];
    }),
  );
}

/** What a parameter takes: "mean|max", "integer". */
export function paramKind(param: ParamSpec): string {
  switch (param.type) {
    case "choice":
      return param.options.map(({ value }) => value).join("|");
    case "number":
      return param.integer ? "integer" : "number";
    case "text":
      return "text";
    case "boolean":
      return "true|false";
  }
}
