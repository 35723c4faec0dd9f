import type { Graph, Node } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import { classNames } from "./class-names.ts";
import type { ReadTexts } from "./explainable.ts";
import { endOf } from "./score.ts";
import { keepsElements } from "../model/operators.ts";

/**
 * Outputs that are the columns of one tensor of probabilities, a class each: scikit-learn's converters write them so
 * (zipmap: "columns").
 */
export interface ColumnOutputs {
  /** The tensor [N, classes]. */
  readonly table: string;
  /** The outputs, in the order of its columns. */
  readonly outputs: readonly string[];
  /** The classes' names: the classifier's own, else the outputs' without what the converter puts before them. */
  readonly classes: readonly string[];
}

const CLASSIFIER = /^(?:(?:TreeEnsemble|Linear|SVM)Classifier|Normalizer)$/;

/**
 * The outputs that `output` is one column among; undefined where it is none, or where not all columns of the tensor are
 * outputs.
 */
export function columnOutputs(graph: Graph, output: string, numbers: ReadTexts): ColumnOutputs | undefined {
  const own = columnOf(graph, output, numbers);
  if (!own) return undefined;
  const all = graph.outputs
    .flatMap(({ name }) => {
      const column = columnOf(graph, name, numbers);
      return column?.of === own.of ? [{ name, index: column.index }] : [];
    })
    .sort((one, other) => one.index - other.index);
  if (all.length < 2 || all.some(({ index }, place) => index !== place) || !hasProbabilities(graph, own.of))
    return undefined;
  const outputs = all.map(({ name }) => name);
  const known = classNames(graph, own.of, numbers);
  return { table: own.of, outputs, classes: known?.length === outputs.length ? known : withoutPrefix(outputs) };
}

/** The tensor that a value is one column of, and which. */
function columnOf(
  graph: Graph,
  value: string,
  numbers: ReadTexts,
): { readonly of: string; readonly index: number } | undefined {
  const makers = makersOf(graph);
  let node = makers.get(value);
  while (node && keepsElements(node)) node = makers.get(node.inputs[0]);
  if (node?.domain === "ai.onnx.ml" && node.opType === "ArrayFeatureExtractor")
    return picked(node.inputs[0], constant(graph, node.inputs[1], numbers));
  if (node?.domain !== "") return undefined;
  const read = (place: number, attribute: string): readonly number[] | undefined => {
    const given = node?.attributes[attribute];
    return given?.type === "ints"
      ? given.value
      : node?.inputs[place]
        ? constant(graph, node.inputs[place], numbers)
        : undefined;
  };
  if (node.opType === "Gather")
    return isLast(node.attributes.axis?.type === "int" ? [node.attributes.axis.value] : [0])
      ? picked(node.inputs[0], constant(graph, node.inputs[1], numbers))
      : undefined;
  if (node.opType !== "Slice" || !isLast(read(3, "axes"))) return undefined;
  const [from, before] = [read(1, "starts"), read(2, "ends")];
  return from?.length === 1 && before?.length === 1 && before[0] === from[0] + 1 && from[0] >= 0
    ? { of: node.inputs[0], index: from[0] }
    : undefined;
}

function picked(
  of: string,
  indices: readonly number[] | undefined,
): { readonly of: string; readonly index: number } | undefined {
  return indices?.length === 1 && indices[0] >= 0 ? { of, index: indices[0] } : undefined;
}

function isLast(axes: readonly number[] | undefined): boolean {
  return axes?.length === 1 && (axes[0] === 1 || axes[0] === -1);
}

function constant(graph: Graph, name: string, numbers: ReadTexts): readonly number[] | undefined {
  const tensor = graph.initializers.find((one) => one.name === name);
  return tensor && /^u?int/.test(tensor.dataType) ? numbers(tensor)?.map(Number) : undefined;
}

function hasProbabilities(graph: Graph, value: string): boolean {
  const maker: Node | undefined = makersOf(graph).get(value);
  if (maker?.domain === "ai.onnx.ml") return CLASSIFIER.test(maker.opType);
  const form = endOf(graph, value)?.form;
  return form === "softmax" || form === "sigmoid" || (maker !== undefined && isNormalised(graph, maker));
}

/** x / Σ x, as a classifier's Normalizer is written with standard operators. */
function isNormalised(graph: Graph, maker: Node): boolean {
  const makers = makersOf(graph);
  return (
    maker.opType === "Div" &&
    maker.inputs.some((input) => ["ReduceSum", "ReduceL1"].includes(makers.get(input)?.opType ?? ""))
  );
}

/** The converter puts "i" before numbers and "s" before texts. */
function withoutPrefix(outputs: readonly string[]): readonly string[] {
  if (outputs.every((name) => /^i-?\d+$/.test(name)) || outputs.every((name) => /^s./.test(name)))
    return outputs.map((name) => name.slice(1));
  return outputs;
}
