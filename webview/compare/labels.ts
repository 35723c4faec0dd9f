import type { AxisEntry, AxisKind } from "../../src/protocol/compare.ts";
import { methodLabel } from "../../src/protocol/compare.ts";
import type { Result } from "../../src/protocol/result.ts";
import type { Params, TechniqueInfo } from "../../src/protocol/technique.ts";

export const kindNames: Readonly<Record<AxisKind, { readonly one: string; readonly many: string }>> = {
  method: { one: "method", many: "Methods" },
  target: { one: "target", many: "Targets" },
  layer: { one: "layer", many: "Layers" },
  model: { one: "model", many: "Models" },
};

/**
 * An entry's label. What only a result knows (the class that is the largest, the layer that was picked) comes from
 * those along it.
 */
export function entryLabel(
  entry: AxisEntry,
  around: {
    readonly techniques: readonly TechniqueInfo[];
    readonly params: Readonly<Record<string, Params>>;
    readonly models: readonly string[];
    readonly results: readonly Result[];
  },
): string {
  switch (entry.kind) {
    case "method": {
      const info = around.techniques.find(({ id }) => id === entry.technique);
      return methodLabel(info, entry.technique, entry.params ?? around.params[entry.technique]);
    }
    case "target": {
      const target = around.results.map(({ provenance }) => provenance.target).find((one) => one !== undefined);
      if (entry.target.region) return entry.label;
      const index = (entry.target.index ?? target?.index)?.join(", ");
      if (index === undefined) return "largest";
      const name = entry.label && entry.target.index ? entry.label : (target?.label ?? entry.label);
      return name && name !== index ? `${name} ${index}` : index;
    }
    case "layer":
      return entry.layer ?? "Automatic";
    case "model":
      return modelName(entry.model, around.models);
  }
}

/** A model's file name; with its folder where another of the models has the same. */
export function modelName(uri: string, others: readonly string[]): string {
  const parts = (text: string): string[] =>
    decodeURIComponent(text.replace(/^[a-z][a-z0-9+.-]*:\/*/i, ""))
      .split("/")
      .filter(Boolean);
  const own = parts(uri);
  const name = own[own.length - 1] ?? uri;
  const same = others.some((other) => other !== uri && parts(other).at(-1) === name);
  return same && own.length > 1 ? `${own[own.length - 2]}/${name}` : name;
}
