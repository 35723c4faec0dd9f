import type { Node } from "../../model/graph.ts";
import type { BoxesArtifact, DetectedBox } from "../../protocol/artifacts.ts";
import type { PictureGeometry } from "../../protocol/recipe.ts";

/** One of the model's outputs for one sample. */
export interface DetectionOutput {
  readonly name: string;
  readonly dims: readonly number[];
  /** Row-major, all of it; integers as numbers. */
  readonly values: ArrayLike<number>;
  /** Whether its type is one of integers. */
  readonly integer: boolean;
  /** Whether its first axis is the input's batch; only entry 0 is decoded. */
  readonly batched: boolean;
}

/** All that the decoding looks at. */
export interface DetectionFacts {
  readonly outputs: readonly DetectionOutput[];
  /** The model's picture as it gets it, in pixels. */
  readonly input: { readonly width: number; readonly height: number };
  /** How that lies in the picture file; absent for arrays, whose boxes stay in the input's own pixels. */
  readonly geometry?: PictureGeometry;
  /**
   * A picture size that the model was fed as a number (orig_target_sizes, image_shape): boxes in pixels are then of
   * that size.
   */
  readonly fedSize?: { readonly width: number; readonly height: number };
  /** Class names by index; empty where unknown. */
  readonly classes: readonly string[];
  /** The file's metadata_props: Ultralytics keeps task, names, stride, kpt_shape there. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The graph's nodes, functions inlined: whether it has NonMaxSuppression, and how its boxes are meant. */
  readonly nodes: readonly Pick<Node, "opType" | "domain" | "attributes">[];
  /** What the graph's own suppression is set to, where it has one. */
  readonly suppression?: SuppressionSettings;
  /** How a person wants boxes selected. */
  readonly selection?: BoxSelection;
  /** All candidates over this, none of them suppressed. */
  readonly leastScore?: number;
}

/** Which boxes are listed; what is left out is the usual: LEAST_SCORE and IOU, and all of a graph that selects by itself. */
export interface BoxSelection {
  /** Boxes score over this. */
  readonly score?: number;
  /** Of boxes of one class that overlap by more (intersection over union), only the best is kept. */
  readonly iou?: number;
}

/** What an operator that selects boxes inside the graph is told, as far as the file says it. */
export interface SuppressionSettings {
  readonly operator: string;
  /** Boxes that overlap a better one of their class by more are left out. */
  readonly iou?: number;
  readonly score?: number;
  /** At most so many boxes of each class. */
  readonly perClass?: number;
}

export interface Detections {
  /** "YOLO v8", "DETR", "SSD" ... */
  readonly head: string;
  /** By what it was recognised, in a sentence. */
  readonly why: string;
  /** Highest score first. */
  readonly boxes: readonly DetectedBox[];
  /** How they were selected. */
  readonly selection: NonNullable<BoxesArtifact["selection"]>;
  /** The candidate that a target stands for, listed or not. */
  boxAt(output: string, target: string): DetectedBox | undefined;
  /** Where no box scores enough: the one that comes nearest. */
  readonly strongest?: DetectedBox;
  /**
   * What a person should know: which threshold and NMS, pixels of what, what multiplies the score, what was left out.
   */
  readonly notes: readonly string[];
  /** Whether one of the classes that scores are over stands for "nothing here": names may leave it out. */
  readonly background?: boolean;
  /** The outputs that the boxes were read from. */
  readonly outputs: readonly string[];
}

/** Outputs that look like detections and cannot be decoded for sure: why, and what to do. */
export interface Undecided {
  readonly undecided: string;
}

/** A box that a head gives, in pixels of the model's input, before scores are cut and overlaps suppressed. */
export interface Candidate {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly score: number;
  readonly classIndex: number;
  /** Index of the class score in its output, without the batch axis. */
  readonly at: readonly number[];
  readonly keypoints?: DetectedBox["keypoints"];
}

/** What one head made of the outputs. */
export interface HeadResult {
  readonly head: string;
  readonly why: string;
  readonly candidates: readonly Candidate[];
  /** The output that `at` indexes. */
  readonly scores: string;
  readonly outputs: readonly string[];
  /**
   * "nms": suppress overlaps and cut low scores. "threshold": only the latter (sets without duplicates). "none": the
   * graph did both.
   */
  readonly select: "nms" | "threshold" | "none";
  /** Whether one column of the scores stands for "nothing here", which lists of names may leave out. */
  readonly background?: boolean;
  /** The class index that the first class name belongs to; 0 when absent. */
  readonly firstNamed?: number;
  readonly notes?: readonly string[];
}

/** undefined: nothing like this head. */
export type Head = (facts: DetectionFacts, views: readonly View[]) => HeadResult | Undecided | undefined;

/** Batch entry 0 of an output, leading axes of length one taken off as long as two are left. */
export interface View {
  readonly name: string;
  readonly dims: readonly number[];
  /** From the entry's first element on; what follows its last belongs to others. */
  readonly values: ArrayLike<number>;
  readonly integer: boolean;
  /** Zeros to put in front of an index into `dims` for one into the output without its batch axis. */
  readonly lead: readonly number[];
}

export function viewOf({ name, dims, values, integer, batched }: DetectionOutput): View {
  let rest = batched ? dims.slice(1) : [...dims];
  const lead: number[] = [];
  for (; rest.length > 2 && rest[0] === 1; rest = rest.slice(1)) lead.push(0);
  return { name, dims: rest, values, integer, lead };
}
