import type { ModelFormatId } from "./formats.ts";
import type { Limit } from "./obstacles.ts";

/** What a model file is, as the editor shows it and `inspect --json` prints it. Plain data, small: no weights. */

export interface ModelDescription {
  /** Absolute path or URI of the file. */
  readonly path: string;
  /** File name without folders. */
  readonly name: string;
  readonly format: ModelFormatId;
  readonly producer: string;
  readonly producerVersion: string;
  readonly irVersion: number;
  readonly modelVersion: number;
  readonly domain: string;
  readonly doc: string;
  /** Opset version by domain; ai.onnx is "". */
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graphName: string;
  readonly inputs: readonly ValueDescription[];
  readonly outputs: readonly ValueDescription[];
  /**
   * Names of the outputs that have a score to explain; the first is looked at unless another is asked for. Labels that
   * were chosen by scores come last.
   */
  readonly explainable?: readonly string[];
  /** Nodes of the main graph in topological order, Constant nodes apart (`constants` counts those). */
  readonly layers: readonly LayerDescription[];
  /** Constant nodes in the main graph. */
  readonly constants: number;
  /**
   * Elements of weights, float or quantised, in initializers and Constants, subgraphs and functions included; scales
   * and zero points are none.
   */
  readonly parameters: number;
  /** The same by type ("int8", "uint4" where four bits are packed), most first. */
  readonly parameterTypes: readonly { readonly type: string; readonly count: number }[];
  /** How many nodes per operator ("domain.Op" outside ai.onnx), most frequent first. */
  readonly operators: readonly OperatorCount[];
  /** Bytes on disk: the model file, and its external data files. */
  readonly size: { readonly file: number; readonly external: number };
  /** Absolute paths of the files that hold weights apart, also of those that are missing where they should lie. */
  readonly dataFiles?: readonly string[];
  readonly functions: readonly { readonly name: string; readonly domain: string; readonly nodes: number }[];
  readonly problems: readonly ProblemDescription[];
  /** What the model rules out, whatever it is fed; `whyNot` says which methods that stops. Absent in `inspect`. */
  readonly limits?: readonly Limit[];
  /** Changes when the file changes (size and time of change): part of every result's provenance key. */
  readonly stamp: string;
}

interface OperatorCount {
  readonly operator: string;
  readonly count: number;
  /** What kind of work it does; absent where it is not known here. */
  readonly family?: string;
  /** What it computes, in a sentence or a formula. */
  readonly line?: string;
}

export interface ProblemDescription {
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
  readonly where?: string;
  /** The function that it is in, which the graph may not call. */
  readonly function?: string;
}

export interface ValueDescription {
  readonly name: string;
  /** "float32", or "sequence(float32)" and the like. */
  readonly type: string;
  /** Numbers, symbols, or null where unknown; absent where the file gives no shape. */
  readonly dims?: readonly (number | string | null)[];
  readonly doc?: string;
  /**
   * Of an input that is a map: the tensor that is given in its place, of shape `dims`, and the map's keys in its order.
   */
  readonly tensor?: { readonly type: string; readonly keys?: readonly string[] };
}

export interface LayerDescription {
  /** Index into `layers`. */
  readonly index: number;
  /** The node's name, or its first output's where it has none. */
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  /** The first output's declared or inferred shape, where known without running. */
  readonly outputDims?: readonly (number | string | null)[];
  /** Of the constants that this node takes directly: the elements that are weights. */
  readonly parameters: number;
  /** Its values follow from shapes and constants alone, or it hands on what it is given; and it holds no weights. */
  readonly plumbing?: true;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** One layer opened in the inspector. */
export interface LayerDetails {
  readonly layer: LayerDescription;
  readonly doc: string;
  readonly attributes: readonly { readonly name: string; readonly type: string; readonly value: string }[];
  /** Inputs and outputs in the operator's order, with the tensors behind constant ones. */
  readonly inputs: readonly ValueUse[];
  readonly outputs: readonly ValueUse[];
}

export interface ValueUse {
  readonly name: string;
  /** What the operator's specification calls this place: "X", "W", "B". */
  readonly formal?: string;
  readonly type?: string;
  readonly dims?: readonly (number | string | null)[];
  /** Where it comes from: a graph input, an initializer, or the index of the layer that makes it. */
  readonly from:
    | { readonly kind: "input" }
    | { readonly kind: "constant"; readonly bytes: number; readonly location: string }
    | { readonly kind: "layer"; readonly index: number }
    | { readonly kind: "omitted" };
  /** Of an output: the layers that take it, by index; and whether the model gives it out. */
  readonly consumers?: readonly number[];
  readonly isOutput?: true;
  readonly problem?: string;
}

/** A constant's numbers, summed up; made when a person opens the tensor. */
export interface TensorSummary {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  readonly count: number;
  /** Absent for strings and empty tensors; over the finite elements. */
  readonly statistics?: {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    readonly std: number;
    readonly zeros: number;
    readonly notFinite: number;
  };
  /** Counts in equal bins from min to max. */
  readonly histogram?: { readonly counts: readonly number[]; readonly min: number; readonly max: number };
  /** The first elements in storage order, formatted without loss. */
  readonly preview: readonly string[];
}
