/** A technique as data: what the palette, the panel's form, the command line and the README know of it. */

/** The families of techniques, one folder of src/techniques each, with the labels of lists and tables. */
export const FAMILIES = {
  predictions: "Predictions",
  activations: "Activations",
  gradients: "Gradients",
  relevance: "Relevance and DeepLIFT",
  cams: "Class activation maps",
  layers: "Layer attribution",
  neurons: "Neuron attribution",
  perturbation: "Perturbation",
  checks: "Checks",
} as const;

type Family = keyof typeof FAMILIES;

export interface TechniqueInfo {
  /** The command line's word: "grad-cam". */
  readonly id: string;
  /** "Grad-CAM". */
  readonly title: string;
  /** The palette's title, without the extension's name: "Visualize Grad-CAM". */
  readonly command: string;
  readonly group: Family;
  /** One sentence for a tooltip: what one sees. */
  readonly summary: string;
  /** Author and year, venue. */
  readonly cite?: string;
  readonly needs: {
    /** What it looks at beside the model: nothing, a sample (or the mean over several), or a data set. */
    readonly input: InputNeed;
    /** A target class (an index into an output). */
    readonly target: boolean;
    /** A layer: "spatial" layers have height and width; "any" value; none. */
    readonly layer: "none" | "any" | "spatial";
    /** Where none is named, it begins with the first convolution; others take the last layer. */
    readonly firstLayer?: true;
    /** Global average pooling, followed by one dense layer that makes the score. */
    readonly pooledHead?: true;
    /** Whether it takes several layers, and averages their maps. */
    readonly several?: boolean;
    /** Gradients: an operator without a rule rules it out. */
    readonly gradient: boolean;
    /** What a method of a layer asks of the input as well: its gradient, or steps on its way from a baseline. */
    readonly ofInput?: "gradient" | "path";
  };
  /**
   * How it takes several inputs, where that is not its group's way: at once, one after another with the others held, or
   * the leading one alone.
   */
  readonly inputs?: "together" | "each" | "leading";
  /**
   * How often it runs the model does not follow from its parameters alone: windows, channels, a method that is checked.
   */
  readonly passesFollowInput?: true;
  readonly params: readonly ParamSpec[];
}

/** See Source: which of them a technique takes. */
export type InputNeed = "none" | "one" | "many";

/** Whether it looks at anything beside the model. */
export function takesInput({ needs }: Pick<TechniqueInfo, "needs">): boolean {
  return needs.input !== "none";
}

export type ParamValue = boolean | number | string;

interface ParamBase {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  /** Shown only when another parameter has a value other than this. */
  readonly hiddenWhen?: { readonly param: string; readonly is: ParamValue };
  /** Shown only when another parameter has one of these values. */
  readonly shownFor?: { readonly param: string; readonly values: readonly ParamValue[] };
}

/** Parameters by name, as their specifications have them. */
export type ParamsOf<Specs extends readonly ParamSpec[]> = {
  readonly [Spec in Specs[number] as Spec["name"]]: ValueOf<Spec>;
};

type ValueOf<Spec extends ParamSpec> = Spec extends { readonly type: "boolean" }
  ? boolean
  : Spec extends { readonly type: "number" }
    ? number
    : Spec extends { readonly type: "choice"; readonly options: readonly { readonly value: infer Value }[] }
      ? Value
      : string;

export type ParamSpec =
  | (ParamBase & { readonly type: "boolean"; readonly default: boolean })
  | (ParamBase & {
      readonly type: "number";
      readonly default: number;
      readonly min: number;
      readonly max: number;
      readonly step: number;
      readonly integer: boolean;
      readonly unit?: string;
    })
  /**
   * `pattern`: the source of a regular expression that the whole text must match; `problem` says what it takes:
   * "Numbers by commas, such as 3,15,15." `files`: parts between commas may be paths of files, relative to the model's
   * folder (on the command line, to where one is).
   */
  | (ParamBase & {
      readonly type: "text";
      readonly default: string;
      readonly pattern: string;
      readonly problem: string;
      readonly files?: boolean;
    })
  | (ParamBase & {
      readonly type: "choice";
      readonly default: string;
      readonly options: readonly { readonly value: string; readonly label: string }[];
    });

export type Params = Readonly<Record<string, ParamValue>>;
