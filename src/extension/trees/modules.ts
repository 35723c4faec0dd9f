import type { LayerDescription } from "../../protocol/model.ts";

/** A part of a model that its layers' names speak of, such as "features.3" in "/features/features.3/conv/Conv". */
export interface ModuleGroup {
  readonly kind: "module";
  /** The parts of the name from the model down, as the names write them: "/features/features.3". */
  readonly path: string;
  /** The last parts alone: several where nothing else lies between them, "conv / conv.0". */
  readonly label: string;
  readonly children: readonly (ModuleGroup | LayerEntry)[];
  /** Layers in it, at all depths. */
  readonly layers: number;
}

export interface LayerEntry {
  readonly kind: "layer";
  /** The last part of the layer's name. */
  readonly label: string;
  readonly layer: LayerDescription;
}

/** How the modules were guessed, as a sentence for a person. */
export const MODULES_GUESS = "ONNX files keep no modules: these are guessed from the layers' names.";

/**
 * A model's layers by modules, in the model's order. A file has only names: they are divided at each "/", and where no
 * name has one, at each "."; a layer whose name has neither stands in no module.
 */
export function modulesOf(layers: readonly LayerDescription[]): readonly (ModuleGroup | LayerEntry)[] {
  const separator = layers.some(({ name }) => partsOf(name, "/").length > 1) ? "/" : ".";
  const root: Draft = { parts: [], children: [], modules: new Map() };
  for (const layer of layers) {
    const parts = partsOf(layer.name, separator);
    let place = root;
    for (const part of parts.slice(0, -1)) {
      let next = place.modules.get(part);
      if (!next) {
        next = { parts: [...place.parts, part], children: [], modules: new Map() };
        place.modules.set(part, next);
        place.children.push(next);
      }
      place = next;
    }
    place.children.push({ kind: "layer", label: parts.at(-1) ?? layer.name, layer });
  }
  return root.children.map((child) => finish(child, separator));
}

interface Draft {
  readonly parts: readonly string[];
  readonly children: (Draft | LayerEntry)[];
  readonly modules: Map<string, Draft>;
}

/** A module that holds one module and nothing else is one row with it, as the explorer shows folders. */
function finish(draft: Draft | LayerEntry, separator: string): ModuleGroup | LayerEntry {
  if ("kind" in draft) return draft;
  let inner = draft;
  for (let only = inner.children[0]; inner.children.length === 1 && !("kind" in only); only = inner.children[0])
    inner = only;
  const children = inner.children.map((child) => finish(child, separator));
  return {
    kind: "module",
    path: (separator === "/" ? "/" : "") + inner.parts.join(separator),
    label: inner.parts.slice(draft.parts.length - 1).join(" / "),
    children,
    layers: children.reduce((sum, child) => sum + (child.kind === "layer" ? 1 : child.layers), 0),
  };
}

/** Deeper than this a name is no path of modules. */
const DEEPEST = 64;

function partsOf(name: string, separator: string): readonly string[] {
  const parts = name.split(separator).filter(Boolean);
  return parts.length > DEEPEST ? [...parts.slice(0, DEEPEST - 1), parts.slice(DEEPEST - 1).join(separator)] : parts;
}
