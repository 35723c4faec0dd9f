import type { GradientRequest, Gradients } from "../../runtime/gradient.ts";
import type { Layout, Layouts } from "../../runtime/layout.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { Traced } from "../../runtime/kept-traces.ts";
import type { Feeds } from "../../runtime/ort.ts";
import type { Detections, Undecided } from "../../runtime/detections/index.ts";
import type { ModelOutput } from "../../runtime/outputs.ts";
import type { Score } from "../../runtime/score.ts";
import type { Artifact, SpatialAxes } from "../../protocol/artifacts.ts";
import type { Mask } from "../../data/mask.ts";
import type { PictureGeometry } from "../../protocol/recipe.ts";
import type { NamedArray } from "../../protocol/result.ts";
import type { SignalInput } from "./signal-input.ts";
import type { InputNeed, Params, ParamsOf, ParamSpec, TechniqueInfo } from "../../protocol/technique.ts";

/** One technique: what is known of it, and how it runs. Its `needs.input` says what it works with. */
export type Technique = ModelTechnique | SampleTechnique | DatasetTechnique;

/** What a technique of each need works with, gives, and can ask for beside. */
interface ByNeed<P> {
  readonly none: Of<ModelContext<P>, ViewsAndArrays, { readonly target: false; readonly layer: "none" }>;
  readonly one: Of<SampleContext<P>, TechniqueOutput>;
  readonly many: Of<DatasetContext<P>, ViewsAndArrays>;
}

interface Of<C, Output, Needs = unknown> {
  readonly context: C;
  readonly output: Output;
  readonly needs: Needs;
}

interface Kind<Input extends InputNeed, P = Params> {
  readonly info: TechniqueInfo & { readonly needs: { readonly input: Input } & ByNeed<P>[Input]["needs"] };
  run(context: ByNeed<P>[Input]["context"]): Promise<ByNeed<P>[Input]["output"]>;
}

/** Looks at a model alone: targets and layers are of samples. */
export type ModelTechnique = Kind<"none">;

/** Looks at a sample; the input's picture and the predictions are added around its views. */
export type SampleTechnique = Kind<"one">;

/** Looks at many samples at once. */
type DatasetTechnique = Kind<"many">;

/** Whether a technique works with what this need gives. */
export function isFor<Input extends InputNeed>(
  technique: Technique,
  input: Input,
): technique is Extract<Technique, Kind<Input>> {
  return technique.info.needs.input === input;
}

/** A technique's own views, and its numbers by name. */
interface ViewsAndArrays {
  readonly views: readonly Artifact[];
  readonly arrays: readonly NamedArray[];
}

export interface TechniqueOutput {
  /** In the shape of what it is about: input or layer (batch axis included), or a map [H, W]. */
  readonly raw: {
    readonly dims: readonly number[];
    readonly values: Float32Array;
    readonly effects?: PartEffects;
    /**
     * One number for each of the integers whose vectors the input is, or for each place of several inputs at once: not
     * for each element.
     */
    readonly byPlace?: true;
  };
  /**
   * Of several inputs, or of integers with several vectors each: the numbers of each input, which `raw` holds one after
   * another.
   */
  readonly inputs?: readonly InputNumbers[];
  readonly views: readonly Artifact[];
}

/** A result in the shape of one of the model's inputs. */
export interface InputNumbers {
  /** The input's name. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/**
 * Where every element of a part holds the part's effect: what stands for the parts themselves, as elements must not be
 * summed then.
 */
export interface PartEffects {
  /** One for each part. */
  readonly parts: Float32Array;
  /** For each element its share of the effects of the parts that it belongs to: these sum up. */
  readonly shares: Float32Array;
  /** Other effects of the same parts, over the elements as these are. */
  lay(parts: Float32Array): { readonly values: Float32Array; readonly shares: Float32Array };
}

/** What a layer is wanted for. */
export type LayerKind = "any" | "spatial" | "features" | "first";

/** What every technique works with. It never touches files, sessions or the screen. */
interface ModelContext<P = Params> {
  readonly model: LoadedModel;
  /** As the technique's specifications have them: checked, with defaults filled in. */
  readonly params: P;
  readonly signal: AbortSignal;
  progress(fraction: number | undefined, text: string): void;
  /** A sentence that a person should know about this result. */
  note(text: string): void;
  /** Shows what there is so far, in place of what was shown before; not drawn where it comes too fast. */
  show(draw: () => readonly Artifact[]): void;
}

/** With the rows of a data set. */
interface DatasetContext<P = Params> extends ModelContext<P> {
  /** How many rows the selection has. */
  readonly rows: number;
  /** The rows in batches, each fed to the model's inputs. */
  batches(size: number): AsyncIterable<{ readonly rows: readonly number[]; readonly feeds: Feeds }>;
  /** One row, fed alone. */
  sample(row: number): Promise<Feeds>;
  /** A label for each row, where the data set has them. */
  readonly labels?: readonly string[];
}

/** With a sample: its input, the target, layers and gradients, each made when it is asked for. */
export interface SampleContext<P = Params> extends ModelContext<P> {
  readonly feeds: Feeds;
  /**
   * The float input that attributions are about; for a model of token numbers, the looked up vectors (`model` then
   * starts from those).
   */
  readonly input: InputInfo;
  readonly classes: readonly string[];
  /** The model's chosen output for the sample, as it is, and what it means. */
  readonly output: ModelOutput;
  /**
   * What a detector found, where the outputs are one's; why they are not read as such, where they only look like it.
   */
  readonly detections?: Detections | Undecided;
  /** One of several outputs was asked for, and no element of it: its own values are wanted. */
  readonly ownValues?: boolean;
  /** Index into the output without its batch axis, and its class name. */
  readonly target: TargetInfo;
  /** The model as a straight line for this sample's shapes. */
  traced(): Promise<Traced>;
  /** Channels and space of every value that has them. */
  layouts(): Promise<Layouts>;
  /**
   * The layer asked for, or the one that the technique takes by itself ("spatial": the last with height and width and a
   * gradient; "features": the same, or where there is none the last of several axes; "first": the first convolution, or
   * where there is none as "features"). UsageError for several.
   */
  layer(kind: LayerKind): Promise<LayerInfo>;
  /** The same, of techniques that take several. */
  layers(kind: LayerKind): Promise<readonly LayerInfo[]>;
  /**
   * What the `baseline` parameter names, each in the input's shape: numbers, and files read as the input was.
   * UsageError where one does not fit.
   */
  baselines(): Promise<readonly Float32Array[]>;
  /** The input's picture in display colours, as the model sees it; undefined where it is none. */
  readonly picture?: { readonly width: number; readonly height: number; readonly pixels: Uint8Array };
  /** Tokens by their numbers, by the tokenizer that reads the sample's text; undefined where none does. */
  readonly tokens?: (ids: readonly number[]) => Promise<readonly (string | undefined)[]>;
  /** Reads a file that says which parts an input has. DataError where it is none. */
  mask(file: string): Promise<Mask>;
  /** The value that stands for the target's score. */
  score(): Promise<Score>;
  /**
   * The score in the elements of the score's value (or in probabilities): the target's, less that of the one against
   * it; of the other of two classes, the complement.
   */
  scoreIn(values: Float32Array, of?: "score" | "probability"): number;
  /**
   * ∂score/∂(the score's value): 1 at the target (all over its region), −1 at the one against it or where it is the
   * other of two classes, in batch entry 0.
   */
  seed(): Float32Array;
  /** The error for a score that does not depend on `value` at all. */
  independent(value: string): Error;
  /**
   * Refuses NaN and infinite results at a value; why one is zero everywhere is looked for, and said, once the technique
   * is done.
   */
  checkResult(values: Float32Array, value: string, about?: ResultAbout): void;
  /** Refuses NaN and infinite values. */
  checkFinite(values: Float32Array, value: string): void;
  /** Gradients of the target's score (by another `seed`, of what that stands for); `feeds` defaults to the sample's. */
  gradients(
    request: Pick<GradientRequest, "wrt" | "fetch" | "rules" | "against"> & Partial<Pick<GradientRequest, "seed">>,
    feeds?: Feeds,
  ): Promise<Gradients>;
  /**
   * The same question to the same target, asked otherwise: what a check of a technique runs it on. Its notes are its
   * own.
   */
  vary(change: Variation): SampleContext & Used;
}

/** What differs in a varied context; all else is as it was. */
export interface Variation {
  readonly params?: SampleContext["params"];
  /** Other values for the explained input, in its shape. */
  readonly values?: Float32Array;
  /** A model derived from this one, with the same inputs and outputs. */
  readonly model?: LoadedModel;
  /** The value to look at where a technique asks for a layer and the person named none. */
  readonly layer?: string;
  readonly progress?: (fraction: number | undefined, text: string) => void;
}

/** What a technique has asked its context for. */
interface Used {
  readonly notes: readonly string[];
  readonly usedLayer: string | undefined;
}

/** How a result came about, for the sentence on one that is zero. */
export interface ResultAbout {
  /** What gradients were multiplied by: the value itself, or its difference to a baseline. */
  readonly by?: "values" | "differences";
  /** "The relevance", where it is no gradient. */
  readonly what?: string;
  /** Which part of the gradient the result is, where it is not all: "the part at the map's positions". */
  readonly kept?: string;
  /** What was explained, where it is not the target's score. */
  readonly of?: { readonly value: string; readonly seed: Float32Array };
}

export interface InputInfo {
  /** The value's name in the graph that runs. */
  readonly name: string;
  /** The model's input that it stands for, where that has another name; of tokens `tokensOf` is. */
  readonly of?: string;
  /**
   * Several inputs, or several vectors of each integer, as one: [N, total], each entry has the parts one after another.
   */
  readonly parts?: readonly InputPart[];
  /** Whole numbers: they can be replaced, and not moved. */
  readonly discrete?: true;
  /** Why integers have no gradient: "no table lookup was found: /Equal (Equal) takes its numbers". */
  readonly noGradient?: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
  /** What was given, where the values are a noisy copy of it. */
  readonly given?: Float32Array;
  readonly layout?: Layout;
  readonly axes?: SpatialAxes;
  /** Where it is a signal: what it is drawn by. */
  readonly signal?: SignalInput;
  /** Where the recipe puts black and white pixels, one number or one for each entry of the channel axis. */
  readonly range?: { readonly low: readonly number[]; readonly high: readonly number[]; readonly axis: number };
  /** Names of a table row's columns; of tokens, their texts. */
  readonly labels?: readonly string[];
  /** The values are token vectors [N, T, C], looked up for the model's input of this name. */
  readonly tokensOf?: string;
  /** The id of the picture that was made of it. */
  readonly picture?: string;
  /** What was taken for granted of its axes, where neither shapes nor the graph tell: said where it matters. */
  readonly assumed?: string;
  /** Where that lies in the picture file; absent for arrays. */
  readonly geometry?: PictureGeometry;
}

/** One of the model's inputs among several that are explained together. */
export interface InputPart {
  /** The model's input. */
  readonly input: string;
  /** As it is shown and saved; of integers with several vectors the integers. */
  readonly shown: InputInfo;
  /** Its elements in each entry of the whole: from and before which. */
  readonly from: number;
  readonly before: number;
  /**
   * Of integers with several vectors: for each of these elements the integer of the entry that it belongs to; −1 for
   * none.
   */
  readonly places?: Int32Array;
  /** The values of the graph that it is split into, and what their axes are. */
  readonly segments: readonly { readonly name: string; readonly layout?: Layout }[];
}

export interface TargetInfo {
  /** Of a region: where it begins. */
  readonly index: readonly number[];
  readonly against?: readonly number[];
  /** Flat places, in batch entry 0, that the score sums; and of the element against them. */
  readonly at: readonly number[];
  readonly againstAt?: number;
  /** The other of two classes that one number tells apart. */
  readonly negated?: boolean;
  /** From and before which index along each axis: the score is the sum over them. */
  readonly region?: readonly (readonly [from: number, before: number])[];
  readonly label: string;
}

export interface LayerInfo {
  readonly value: string;
  readonly node: string;
  readonly dims: readonly number[];
  readonly layout?: Layout;
  /** Whether it was picked by itself. */
  readonly picked: boolean;
  /** Why that one, in a sentence without its beginning: "the last ...". */
  readonly why?: string;
}

/** A technique: the types of its context and of `context.params` follow from its needs and parameters. */
export function technique<const Input extends InputNeed, const Specs extends readonly ParamSpec[]>(
  definition: Kind<Input, ParamsOf<Specs>> & { readonly info: { readonly params: Specs } },
): Extract<Technique, Kind<Input>> {
  // Parameters are checked by their specifications before anything runs.
  return definition as unknown as Extract<Technique, Kind<Input>>;
}
