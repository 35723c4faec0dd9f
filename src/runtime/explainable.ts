import { elementCount, isFloat, type Graph, type Node, type TensorRef } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import { inferTypes } from "../model/types.ts";
import { classNames, labelNames } from "./class-names.ts";
import { oneHotOf } from "./one-hot.ts";
import { keepsElements, operatorOf, operatorsWith } from "../model/operators.ts";

/** The float tensor of a graph that stands for one of its outputs, in all that explains. */
export interface Explainable {
  /** A value of the graph. */
  readonly value: string;
  /**
   * How it was come by: the output itself, what its ZipMap, list or optional was made of, or the scores that a label
   * was chosen by.
   */
  readonly by: "itself" | "zipmap" | "sequence" | "optional" | "label";
  /**
   * The names of the elements of its last axis, where the graph has them (ZipMap, a classifier's classlabels, a look-up
   * of the largest element's place).
   */
  readonly classes?: readonly string[];
  /** For people: "the tensor before ZipMap". */
  readonly why: string;
}

/** The elements of a constant as texts; undefined where they cannot be read. */
export type ReadTexts = (tensor: TensorRef) => readonly string[] | undefined;

/**
 * The tensor that can be explained in place of an output: the output itself where it is of floats, what ZipMap or a
 * list was made of, the scores that an integer, string or one-hot label was chosen by. Undefined where there is none (a
 * label that nothing in the graph scores, a map from outside).
 */
export function explainableTensor(
  graph: Graph,
  output: string,
  texts: ReadTexts = () => undefined,
): Explainable | undefined {
  const types = inferTypes(graph);
  const makers = makersOf(graph);
  const searched = {
    graph,
    makers,
    isFloat: (value: string) => isFloat(types.get(value) ?? "undefined"),
    seen: new Set<string>(),
  };
  const found = oneHot(output, searched) ?? search(output, searched);
  if (!found) return undefined;
  const classes = (found.labels && labelNames(found.labels, graph, texts)) ?? classNames(graph, found.value, texts);
  return { value: found.value, by: found.by, why: found.why, ...(classes && classes.length > 0 ? { classes } : {}) };
}

/** Of an output that is 1 at the element chosen and 0 elsewhere: the scores that it was chosen by. */
function oneHot(output: string, s: Searched): Found | undefined {
  const found = oneHotOf(s.makers, output);
  if (found?.scores !== undefined)
    return s.isFloat(found.scores)
      ? {
          value: found.scores,
          by: "label",
          why: `"${found.scores}", the scores whose largest is set to 1 (${found.by})`,
        }
      : undefined;
  // Behind whatever type the index has for a while.
  return found?.index === undefined ? undefined : behind(found.index, s);
}

interface Searched {
  readonly graph: Graph;
  readonly makers: ReadonlyMap<string, Node>;
  readonly isFloat: (value: string) => boolean;
  readonly seen: Set<string>;
}

interface Found extends Omit<Explainable, "classes"> {
  /** The node that names the classes. */
  readonly labels?: Node;
}

function search(value: string, s: Searched): Found | undefined {
  if (s.isFloat(value)) return { value, by: "itself", why: "the output itself" };
  return behind(value, s);
}

/** What a value is made of, that can be explained. */
function behind(value: string, s: Searched): Found | undefined {
  if (value === "" || s.seen.has(value)) return undefined;
  s.seen.add(value);
  const node = s.makers.get(value);
  if (!node) return undefined;
  const operator = operatorOf(node);
  return Object.hasOwn(STEPS, operator) ? STEPS[operator](node, s, node.outputs.indexOf(value)) : undefined;
}

type Step = (node: Node, s: Searched, output: number) => Found | undefined;

/** Looks through a node that only hands on what it has (its first input). */
const onward: Step = (node, s) => search(node.inputs[0], s);
const either: Step = (node, s) => node.inputs.map((input) => search(input, s)).find((found) => found !== undefined);

/**
 * Integers or strings that are made of something: where they were floats for a while, what those were chosen by; else
 * those floats.
 */
const label: Step = (node, s) => {
  const [input] = node.inputs;
  if (!s.isFloat(input)) return search(input, s);
  const chosen = carriesLabel(s.makers.get(input)) ? behind(input, s) : undefined;
  return chosen?.by === "label"
    ? chosen
    : { value: input, by: "label", why: `"${input}", the values that the label is computed from (${node.opType})` };
};

/** Whether a label may go through a node as floating-point numbers, on its way to being integers. */
function carriesLabel(node: Node | undefined): boolean {
  return keepsElements(node) || /^(Sign|ArrayFeatureExtractor)$/.test(node?.opType ?? "");
}

/** The first of a list's float tensors. */
const ofList =
  (items: (node: Node) => readonly string[]): Step =>
  (node, s) => {
    const all = items(node);
    for (const item of all) {
      const found = search(item, s);
      if (found)
        return {
          ...found,
          by: found.by === "label" ? "label" : "sequence",
          why:
            all.length > 1
              ? `"${found.value}", the first float tensor of the list`
              : `"${found.value}", the only element of the list`,
        };
    }
    return undefined;
  };

/** The float tensor that an operator chose a label by. */
const chosenBy =
  (what: string): Step =>
  (node, s) =>
    s.isFloat(node.inputs[0])
      ? { value: node.inputs[0], by: "label", why: `"${node.inputs[0]}", ${what} (${node.opType})` }
      : undefined;

/** A classifier's label: its scores, where it gives them out. */
const classifier: Step = (node, _, output) =>
  output === 0 && node.outputs[1]
    ? {
        value: node.outputs[1],
        by: "label",
        labels: node,
        why: `"${node.outputs[1]}", the scores that determine the label (${node.opType})`,
      }
    : undefined;

const STEPS: Readonly<Record<string, Step>> = {
  "ai.onnx.ml.ZipMap": (node) => ({
    value: node.inputs[0],
    by: "zipmap",
    labels: node,
    why: `"${node.inputs[0]}", the tensor before ZipMap`,
  }),
  ...Object.fromEntries(
    ["LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"].map((name) => [`ai.onnx.ml.${name}`, classifier]),
  ),
  SequenceConstruct: ofList((node) => node.inputs),
  SequenceInsert: ofList((node) => [node.inputs[0], node.inputs[1]]),
  SequenceErase: onward,
  SplitToSequence: (node, s) => {
    const found = search(node.inputs[0], s);
    return found && { ...found, by: "sequence", why: `"${found.value}", the tensor before it is split` };
  },
  Optional: (node, s) => {
    const found = search(node.inputs[0] ?? "", s);
    return (
      found && {
        ...found,
        by: found.by === "itself" ? "optional" : found.by,
        why: found.by === "itself" ? `"${found.value}", the content of the optional` : found.why,
      }
    );
  },
  ...Object.fromEntries(["SequenceAt", "OptionalGetElement"].map((name) => [name, onward])),
  ...Object.fromEntries(
    [...operatorsWith("", "reshape"), "Identity", "Cast", "ai.onnx.ml.LabelEncoder", "ai.onnx.ml.CategoryMapper"].map(
      (name) => [name, label],
    ),
  ),
  // The place of a class, looked up among the class names.
  "ai.onnx.ml.ArrayFeatureExtractor": (node, s) => search(node.inputs[1], s),
  Gather: (node, s) => search(node.inputs[1], s),
  ArgMax: chosenBy("the scores whose largest is the label"),
  ArgMin: chosenBy("the values whose smallest is the label"),
  Sign: chosenBy("the score whose sign is the label"),
  ...Object.fromEntries(
    operatorsWith("", "comparison").map((name) => [name, chosenBy("the score that is compared with a threshold")]),
  ),
  TopK: (node, s, output) =>
    output === 1 ? chosenBy("the scores whose largest are the labels")(node, s, output) : undefined,
  // Arithmetic on a label: 0 and 1 made -1 and 1.
  ...Object.fromEntries(["Add", "Sub", "Mul", "Where"].map((name) => [name, either])),
};

/** Whether names fit a tensor: one for each element of its last axis, and nothing but the batch before. */
export function namesFit(classes: readonly string[], dims: readonly number[]): boolean {
  return (
    classes.length === (dims[dims.length - 1] ?? 1) &&
    elementCount(dims) === (dims.length > 1 ? dims[0] : 1) * classes.length
  );
}
