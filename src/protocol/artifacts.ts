import type { PictureGeometry } from "./recipe.ts";

/**
 * What techniques make and views draw: a small closed union. Arrays are typed arrays in row-major order, already
 * reduced to what can be seen. Each kind has one view in webview/ui, one picture in draw/, and one form as data.
 */
export type Artifact =
  | ImageArtifact
  | HeatmapArtifact
  | TilesArtifact
  | BarsArtifact
  | TokensArtifact
  | CurvesArtifact
  | BoxesArtifact
  | LineArtifact
  | MaskArtifact
  | OutputImageArtifact
  | KeypointsArtifact
  | NumbersArtifact
  | VectorArtifact
  | TokenScoresArtifact
  | WaveArtifact
  | TableArtifact;

/** A picture: what the model saw, back in display colours. */
export interface ImageArtifact {
  readonly kind: "image";
  readonly id: string;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** RGB bytes, [height, width, 3]. */
  readonly pixels: Uint8Array;
  /** One short line below it: "224×224, normalised". */
  readonly caption: string;
  /** Where it comes from a file: then what is saved as .json names that instead of its pixels. */
  readonly source?: { readonly name: string; readonly hash: string };
}

/** Which axis of an array is what; absent channel means one channel. Indices into `dims`. */
export interface SpatialAxes {
  /** Along which whole pictures lie: frames of a video, views, slices of a volume. */
  readonly frame?: number;
  readonly channel?: number;
  readonly height: number;
  readonly width: number;
}

/**
 * A part of an input that was changed as one (a cell, a segment, a column, a token) with its effect, once however many
 * elements it has.
 */
export interface PartRow {
  /** Its number among the parts. */
  readonly index: number;
  /** A mask's number, a column's name, or where it lies: "0:16, 16:32". */
  readonly label: string;
  readonly value: number;
}

/** Pictures in a row. */
export interface Frames {
  readonly names: readonly string[];
  /** Ids of image artifacts, one for each frame. */
  readonly over?: readonly string[];
}

/** Values over space: an attribution in the shape of the input, or a map at a layer's resolution. */
export interface HeatmapArtifact {
  readonly kind: "heatmap";
  readonly id: string;
  /** The model's input that it is about, where several are explained. */
  readonly input?: string;
  readonly title: string;
  /** Raw, unscaled. [1,3,224,224], [7,7] ... `axes` says how to draw it; other axes than these have length 1. */
  readonly values: Float32Array;
  readonly dims: readonly number[];
  readonly axes: SpatialAxes;
  /** What one value is, in the field's notation: "∂y/∂x", "|∂y/∂x|", "Σₖ αₖAᵏ". */
  readonly quantity: string;
  /** Whether values below zero mean something (a diverging colour map is then the default). */
  readonly signed: boolean;
  /** The picture it lies over: an image artifact's id. The map covers the whole picture. */
  readonly over?: string;
  /**
   * Of an array with a frame axis: what each frame is called ("frame 1 of 4"), and the picture under each. They are
   * shown one at a time, on one scale.
   */
  readonly frames?: Frames;
  /**
   * How a coarse map is brought to the picture's size when drawn: class activation maps are interpolated, pixels are
   * not.
   */
  readonly smooth: boolean;
  /** The parts whose effects the values hold: what a table of it lists. */
  readonly parts?: readonly PartRow[];
  readonly caption: string;
}

/** The channels of a layer, one tile each. */
export interface TilesArtifact {
  readonly kind: "tiles";
  readonly id: string;
  readonly title: string;
  /** The value's name in the graph, and its full shape. */
  readonly value: string;
  readonly dims: readonly number[];
  readonly axes: SpatialAxes;
  /**
   * Where the layer holds several: what each is called, and the picture under it. Channels are then counted through,
   * frame by frame.
   */
  readonly frames?: Frames;
  /**
   * Number of channels (of a frame); statistics below have this length (times the frames), over the full-resolution
   * channel.
   */
  readonly count: number;
  readonly min: Float32Array;
  readonly max: Float32Array;
  readonly mean: Float32Array;
  /** Mean absolute activation: what "strength" sorts by. */
  readonly strength: Float32Array;
  /** Of one frame among several: the ends over all of them, so that equal colours are equal values. */
  readonly ends?: { readonly min: number; readonly max: number };
  /**
   * Tiles sent along: the first `sent` channels, each reduced (area-averaged) to [tileHeight, tileWidth]. More on
   * request.
   */
  readonly sent: number;
  readonly tileHeight: number;
  readonly tileWidth: number;
  readonly tiles: Float32Array;
  readonly over?: string;
  readonly caption: string;
}

export interface BarItem {
  readonly label: string;
  readonly value: number;
  /**
   * Index in the output or input that it stands for; −1 − index for the other of two classes that one number tells
   * apart.
   */
  readonly index: number;
  /** Of a prediction: what a target (`--target`) takes for it, "285", "3,17,20", "not:0". */
  readonly target?: string;
}

/** Named amounts, strongest first. */
export interface BarsArtifact {
  readonly kind: "bars";
  readonly id: string;
  /** The model's input that it is about, where several are explained. */
  readonly input?: string;
  readonly title: string;
  readonly items: readonly BarItem[];
  /** "probability", "logit", "∂y/∂x" ... */
  readonly quantity: string;
  /** Values are shares of one and shown in percent. */
  readonly share: boolean;
  /** Of predictions: what an item is called. */
  readonly noun?: "class" | "box" | "pixel" | "dimension" | "token" | "sample" | "element";
  /** Index (not position) of the highlighted item. */
  readonly selected?: number;
  /** All values behind the items, for saving; shape `dims`. None where they are too many to send along. */
  readonly values: Float32Array;
  readonly dims: readonly number[];
  /** The parts whose effects the values hold, all of them: what a table of it lists. */
  readonly parts?: readonly PartRow[];
  readonly caption: string;
}

/**
 * A detected object. Corners in the pixels of the picture file (of the model's input where no picture was read), not
 * clipped to it.
 */
export interface DetectedBox {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  /** The class's name, or its index where names are unknown. */
  readonly class: string | number;
  readonly classIndex: number;
  readonly score: number;
  /** What `--target` takes with `--output` for this box's class score: an index without the batch axis, "4,1234". */
  readonly target: string;
  readonly output: string;
  /** Keypoints in the same pixels, of pose heads. */
  readonly keypoints?: readonly { readonly x: number; readonly y: number; readonly score?: number }[];
}

/** What a detector found, as rectangles over its picture; highest score first. */
export interface BoxesArtifact {
  readonly kind: "boxes";
  readonly id: string;
  readonly title: string;
  readonly boxes: readonly DetectedBox[];
  /** "YOLO v8", "DETR" ...: how the outputs were read, and by what that was recognised. */
  readonly head: string;
  readonly why: string;
  /** How boxes were selected; absent in results of earlier versions. */
  readonly selection?: {
    /** Who left out what overlaps: this program, nobody (a model that predicts one box per object), or the graph. */
    readonly by: "suppression" | "threshold" | "graph";
    /** Boxes score over this; absent where all that the graph gives are listed. */
    readonly score?: number;
    /** Boxes of one class that overlap a better one by more were left out. */
    readonly iou?: number;
    /** In a sentence. */
    readonly said: string;
  };
  /** The size of the picture that the boxes are in. */
  readonly width: number;
  readonly height: number;
  /** How the picture below lies in it; absent where the boxes are in the pixels of the picture below. */
  readonly geometry?: PictureGeometry;
  /** The picture they lie over: an image artifact's id. */
  readonly over?: string;
  /** x0, y0, x1, y1, score, class index of each: [boxes, 6]. */
  readonly values: Float32Array;
  readonly dims: readonly number[];
  readonly caption: string;
}

/** A class in each place of a map: a segmentation. */
export interface MaskArtifact {
  readonly kind: "mask";
  readonly id: string;
  readonly title: string;
  /** The class's index at each place: [height, width]. */
  readonly values: Float32Array;
  readonly dims: readonly [height: number, width: number];
  /** What that class scores there, in the same shape; absent where the model gives labels alone. */
  readonly scores?: Float32Array;
  /** "probability", "logit" ...: what a score is. */
  readonly quantity: string;
  /** Those that occur, most places first. */
  readonly classes: readonly MaskClass[];
  /** Where a place's score stands in the output; absent where there is no score to explain. */
  readonly source?: DenseSource;
  /** The picture it lies over, all of it: an image artifact's id. */
  readonly over?: string;
  readonly caption: string;
}

export interface MaskClass {
  readonly index: number;
  readonly label: string;
  /** How many places are of it. */
  readonly count: number;
  /** The output's channel with its scores; none where only the other of two classes has one. */
  readonly channel?: number;
}

/** A picture that the model makes: an autoencoder's, a generator's. */
export interface OutputImageArtifact {
  readonly kind: "output-image";
  readonly id: string;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** RGB bytes, [height, width, 3]. */
  readonly pixels: Uint8Array;
  /** The first batch entry as the model gives it, and its shape. */
  readonly values: Float32Array;
  readonly dims: readonly number[];
  /** Where it stands in the output, batch axis included. */
  readonly source: DenseSource;
  /** Which values were drawn black and white, in words: "black 0, white 1". */
  readonly range: string;
  /** How far it is from the input, where both have the same size: of values from 0 (black) to 1 (white). */
  readonly compared?: { readonly meanAbsolute: number; readonly psnr: number };
  /** The input's picture, of any size: an image artifact's id. */
  readonly input?: string;
  readonly caption: string;
}

/** Points at which heat maps are largest: joints, landmarks. */
export interface KeypointsArtifact {
  readonly kind: "keypoints";
  readonly id: string;
  readonly title: string;
  readonly points: readonly Keypoint[];
  /** Pairs of `points` that a line connects. */
  readonly skeleton: readonly (readonly [from: number, to: number])[];
  /** x, y and score of each point: [points, 3]. */
  readonly values: Float32Array;
  readonly dims: readonly [points: number, numbers: 3];
  /** The heat maps: [points, height, width]. */
  readonly maps: Float32Array;
  readonly height: number;
  readonly width: number;
  /** "probability", or the output's name: what a map's value is. */
  readonly quantity: string;
  /** What x and y are counted in. */
  readonly pixels: "picture file" | "model input";
  readonly source: DenseSource;
  /** The picture it lies over, all of it: an image artifact's id. */
  readonly over?: string;
  readonly caption: string;
}

export interface Keypoint {
  readonly name: string;
  /** In pixels of the picture file (of the model's input where no picture was read); a pixel's middle is at a half. */
  readonly x: number;
  readonly y: number;
  /** On the picture that the model sees: from 0 (left, top) to 1. */
  readonly u: number;
  readonly v: number;
  /** The map's largest value, and where it is. */
  readonly score: number;
  readonly row: number;
  readonly column: number;
  /** What `--target` takes for that element. */
  readonly target: string;
}

/** Numbers that are no scores of classes: a radius, an age, angles. */
export interface NumbersArtifact {
  readonly kind: "numbers";
  readonly id: string;
  readonly title: string;
  /** In the output's order. */
  readonly items: readonly NumberItem[];
  /** The output. */
  readonly quantity: string;
  readonly values: Float32Array;
  readonly dims: readonly number[];
  readonly caption: string;
}

interface NumberItem {
  readonly label: string;
  readonly value: number;
  readonly unit?: string;
  /** What `--target` takes for it. */
  readonly target: string;
}

/** A feature vector: numbers along a dimension, none of which has a name. */
export interface VectorArtifact {
  readonly kind: "vector";
  readonly id: string;
  readonly title: string;
  readonly values: Float32Array;
  readonly dims: readonly [count: number];
  /** The output that it is, and its shape with the batch axis. */
  readonly source: { readonly output: string; readonly dims: readonly number[] };
  readonly quantity: string;
  /** Of finite values. */
  readonly norm: number;
  readonly least: number;
  readonly most: number;
  readonly average: number;
  readonly caption: string;
}

/** What stands at each place of a sequence, by a language model or a tagger: its most probable tokens. */
export interface TokenScoresArtifact {
  readonly kind: "token-scores";
  readonly id: string;
  readonly title: string;
  readonly rows: readonly TokenPlace[];
  /** Of how many each place's are the most probable. */
  readonly vocabulary: number;
  /** "class" where the numbers have class names. */
  readonly noun: "token" | "class";
  /** "probability", or the output's name. */
  readonly quantity: string;
  /** Whether values are shares of one and shown in percent. */
  readonly share: boolean;
  readonly output: string;
  /** The listed values, [places, listed]. */
  readonly values: Float32Array;
  readonly dims: readonly [places: number, listed: number];
  readonly caption: string;
}

export interface TokenPlace {
  readonly place: number;
  /** The input's token at this place, where the output goes along the input. */
  readonly token?: string;
  /** Most probable first. */
  readonly top: readonly TokenScore[];
}

export interface TokenScore {
  readonly index: number;
  /** As the tokenizer has it, or its number where there is none. */
  readonly token: string;
  readonly value: number;
  /** What `--target` takes for it: place and number. */
  readonly target: string;
}

/** A signal that the model makes: a denoiser's, an autoencoder's, a generator's. */
export interface WaveArtifact extends Along {
  readonly kind: "wave";
  readonly id: string;
  readonly title: string;
  readonly x: LineAxis;
  /** What each channel is called; they are counted where nothing is said. */
  readonly channels?: readonly string[];
  /** The output that `values` are the first batch entry of, and its shape, batch axis first: the same axes. */
  readonly source: { readonly output: string; readonly dims: readonly number[] };
  /** The signal that it was made of, where both have the same channels and samples. */
  readonly madeOf?: Along & { readonly title: string };
  /** How far it is from that, in the signal's own unit. */
  readonly compared?: { readonly meanAbsolute: number; readonly rms: number };
  readonly caption: string;
}

/** How a map lies in the model's output. */
export interface DenseSource {
  readonly output: string;
  /** Of the output, batch axis first. */
  readonly dims: readonly number[];
  /** Indices into `dims`. */
  readonly axes: SpatialAxes;
}

/** A text's tokens, each with an amount: coloured text. */
export interface TokensArtifact {
  readonly kind: "tokens";
  readonly id: string;
  /** The model's input that it is about, where several are explained. */
  readonly input?: string;
  readonly title: string;
  /** As the tokenizer has them ("##ing", "Ġthe"), or their numbers where there is none. */
  readonly tokens: readonly string[];
  /** One for each token, [tokens]. */
  readonly values: Float32Array;
  readonly dims: readonly number[];
  readonly quantity: string;
  readonly signed: boolean;
  /** The parts whose effects the values hold, where they are not the tokens: what a table of it lists. */
  readonly parts?: readonly PartRow[];
  readonly caption: string;
}

/** Lines over a common axis, with the numbers that sum them up. */
export interface CurvesArtifact {
  readonly kind: "curves";
  readonly id: string;
  /** The model's input that it is about, where several are explained. */
  readonly input?: string;
  readonly title: string;
  readonly x: CurveAxis;
  readonly y: CurveAxis;
  readonly lines: readonly CurveLine[];
  /** What the curves come to: areas, means, indices. */
  readonly numbers: readonly CurveNumber[];
  /** How to read it, in a plain sentence or two. */
  readonly reading: string;
  readonly caption: string;
}

export interface CurveAxis {
  /** With its unit: "pixels removed, %". */
  readonly label: string;
  /** Fixed ends; where there are none, those of the values. */
  readonly min?: number;
  readonly max?: number;
  /** What stands at 0, 1, 2 ... on an axis of places instead of amounts: layers. */
  readonly names?: readonly string[];
}

export interface CurveLine {
  readonly id: string;
  readonly label: string;
  /** Ascending, as long as `y`. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** A guide is what the others are compared with: a diagonal, a level. */
  readonly style: "line" | "points" | "guide";
  /** Shown beside the label: the area under the line, or what else sums it up. */
  readonly summary?: { readonly label: string; readonly value: number };
}

export interface CurveNumber {
  /** "deletion_auc": for programs that read the JSON. */
  readonly id: string;
  readonly label: string;
  readonly value: number;
  /** What the number says, in a sentence. */
  readonly help: string;
  /** Which is better; absent where neither is, or where the number alone does not tell. */
  readonly better?: "higher" | "lower";
  /** Of a check: the same number of random maps. */
  readonly random?: RandomNumbers;
}

/** One number of several random maps, in the order of their seeds. */
export interface RandomNumbers {
  readonly values: readonly number[];
  readonly mean: number;
  /** Standard deviation (ddof 1); absent for one map. */
  readonly deviation?: number;
}

/** Values along one axis: an attribution of a signal, the channels of a layer with one dimension. */
export interface LineArtifact extends Along {
  readonly kind: "line";
  readonly id: string;
  /** The model's input that it is about, where several are explained. */
  readonly input?: string;
  readonly title: string;
  readonly x: LineAxis;
  /** "∂y/∂x", "activation" ... */
  readonly quantity: string;
  readonly signed: boolean;
  /** What the values are about, drawn as lines above their colours; where there is none, the values are the lines. */
  readonly signal?: Along & { readonly title: string };
  /** What each channel is called; they are counted where nothing is said. */
  readonly channels?: readonly string[];
  readonly frames?: Frames;
  /** How values that are fewer than the signal's are brought to its length when drawn: interpolated, or in steps. */
  readonly smooth: boolean;
  /** The parts whose effects the values hold: what a table of it lists. */
  readonly parts?: readonly PartRow[];
  readonly caption: string;
}

/** An array with an axis along which it is drawn. Other axes than these have length 1. */
export interface Along {
  /** Raw, unscaled. */
  readonly values: Float32Array;
  readonly dims: readonly number[];
  /** Indices into `dims`: along the line, one line for each, and one picture for each. */
  readonly axes: { readonly along: number; readonly channel: number; readonly frame?: number };
}

export interface LineAxis {
  /** "step", "time". */
  readonly label: string;
  /** "s". */
  readonly unit?: string;
  /** Of the first value, and from one value to the next. */
  readonly start: number;
  readonly step: number;
}

/** Rows of named columns. */
export interface TableArtifact {
  readonly kind: "table";
  readonly id: string;
  /** The model's input that it is about, where several are explained. */
  readonly input?: string;
  readonly title: string;
  /** All of the same length. */
  readonly columns: readonly TableColumn[];
  readonly caption: string;
}

export type TableColumn = {
  readonly name: string;
  /** "ms", "%": of every value. */
  readonly unit?: string;
} & (
  | { readonly type: "text"; readonly values: readonly string[] }
  /** "integer": places and counts, whole by nature. */
  | { readonly type: "number" | "integer"; readonly values: Float32Array | Float64Array }
);
