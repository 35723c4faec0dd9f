import { renamed } from "../autodiff/branches.ts";
import type { Model, Node, ValueInfo } from "../model/graph.ts";
import { tensorFromStrings } from "../model/tensor.ts";
import type { LoadedModel } from "./models.ts";
import type { Feeds, TensorValue } from "./ort.ts";

/** What stands in for a text that is taken away: place 0 of each input's list. */
const NO_TEXT = "";

export interface TextCodes {
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  /** For each input of texts its list, place 0 the empty text; its feed holds places in it. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
}

/**
 * The model with its inputs of texts as integers: places in a list of the texts that are given, looked up at the
 * graph's front. So a text can be replaced by none as a token is by another, and everything else deals with numbers
 * alone. Without texts, what was given.
 */
export function withTextCodes(model: LoadedModel, feeds: Feeds): TextCodes {
  const given = Object.entries(feeds).filter(([, { dataType }]) => dataType === "string");
  if (given.length === 0) return { model, feeds, texts: new Map() };
  const texts = new Map(
    given.map(([name, { data }]) => [name, [...new Set([NO_TEXT, ...(data as readonly string[])])]] as const),
  );
  const coded = given.map(([name, { dims, data }]): [string, TensorValue] => [
    name,
    {
      dataType: "int64",
      dims,
      data: BigInt64Array.from((data as readonly string[]).map((text) => BigInt(texts.get(name)!.indexOf(text)))),
    },
  ]);
  const derived = model.derive(`texts:${JSON.stringify([...texts])}`, (whole) => lookedUp(whole, texts));
  return { model: derived, feeds: { ...feeds, ...Object.fromEntries(coded) }, texts };
}

function lookedUp(model: Model, texts: ReadonlyMap<string, readonly string[]>): Model {
  const { graph } = model;
  const rename = (name: string): string => (texts.has(name) ? `${name}.texts` : name);
  const nodes: Node[] = [...texts.keys()].map((name) => ({
    name: `${name}.texts`,
    opType: "Gather",
    domain: "",
    inputs: [`${name}.list`, name],
    outputs: [`${name}.texts`],
    attributes: {},
  }));
  const asCode = (input: ValueInfo): ValueInfo =>
    texts.has(input.name) && input.type.kind === "tensor"
      ? { ...input, type: { ...input.type, dataType: "int64" } }
      : input;
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map(asCode),
      nodes: [...nodes, ...graph.nodes.map((node) => renamed(node, rename))],
      initializers: [
        ...graph.initializers,
        ...[...texts].map(([name, list]) => tensorFromStrings(`${name}.list`, [list.length], list)),
      ],
    },
  };
}
