import type { ImageArtifact } from "./artifacts.ts";
import type { Speeds } from "./cost.ts";
import type { LayerChoice } from "./engine.ts";
import type { TargetSpec } from "./job.ts";
import type { Looks } from "./looks.ts";
import type { QuickMethods } from "./quick-methods.ts";
import type { ClassNamesReport, Recipe, RecipeReport } from "./recipe.ts";
import type { Provenance, Result } from "./result.ts";
import type { InputCheck, InputSources } from "./sample.ts";
import type { FormInput, FormRows } from "./sample-form.ts";
import type { SubjectHost } from "./session.ts";
import type { Params, TechniqueInfo } from "./technique.ts";

/** The technique panel's small state: enough to show the same again after a reload. Validated when it comes back. */
export interface PanelState {
  /** A URI string. */
  readonly model: string;
  /** A URI string; absent as long as the person has shown only what takes none. */
  readonly input?: string;
  /** Further inputs, URI strings: the result is the mean over all. */
  readonly more?: readonly string[];
  readonly technique: string;
  /** The model's inputs that are explained, by name; where it is left out, those that usually are. */
  readonly explain?: readonly string[];
  readonly target: TargetSpec;
  readonly layer?: string;
  /** Further layers, whose maps are averaged with that one's; for methods that take several. */
  readonly moreLayers?: readonly string[];
  /** By technique id, so that going back to a method finds its options as they were. */
  readonly params: Readonly<Record<string, Params>>;
  readonly looks: Looks;
  /** Set when the person changed the recipe without saving it beside the model. */
  readonly recipe?: Recipe;
  /** What the form of inputs holds, while it is open. */
  readonly form?: FormRows;
  /** Set where "How reliable is this explanation?" is open: the checks of which more than the numbers is shown. */
  readonly reliability?: readonly string[];
  /** Of a pinned panel, its entry's id among the kept results. Only the extension sets it. */
  readonly pinned?: string;
}

/** What the panel's webview may ask of the extension. */
export interface PanelHost extends SubjectHost<PanelState, PanelBoot> {
  /**
   * Runs the job that this state describes; the extension remembers the state. Progress events while it runs; aborting
   * cancels.
   */
  run(request: { readonly state: PanelState }): { readonly result: Result; readonly cached: boolean };
  /**
   * Puts the result that this state shows to a check (a technique of the group "checks"); the panel's state stays what
   * it is.
   */
  check(request: { readonly state: PanelState; readonly check: string }): {
    readonly result: Result;
    readonly cached: boolean;
  };
  /** The checks of the result that this state shows whose results are on disk, by id. Runs nothing. */
  knownChecks(request: { readonly state: PanelState }): Readonly<Record<string, Result>>;
  layers(request: { readonly state: PanelState }): {
    readonly layers: readonly LayerChoice[];
    readonly defaultLayer?: string;
    /** The same of techniques that begin with the first convolution. */
    readonly firstLayer?: string;
    /** Why these are not as many as the model's nodes, in a sentence. */
    readonly count?: string;
  };
  channel(request: { readonly state: PanelState; readonly channel: number }): {
    readonly height: number;
    readonly width: number;
    readonly values: Float32Array;
  };
  tiles(request: { readonly state: PanelState; readonly from: number; readonly to: number }): {
    readonly tiles: Float32Array;
  };
  /**
   * The numbers of a result's array that no view holds (Result.arrays). `from`: madeFrom() of its provenance; `check`: of a
   * check of the state's result.
   */
  array(request: {
    readonly state: PanelState;
    readonly index: number;
    readonly from: string;
    readonly check?: string;
  }): { readonly values: Float32Array };
  preview(request: { readonly state: PanelState; readonly recipe: Recipe }): {
    readonly before: ImageArtifact;
    readonly after: ImageArtifact;
  };
  saveRecipe(request: { readonly state: PanelState; readonly recipe: Recipe }): RecipeReport;
  /** What a file of class names holds: a path relative to the model's folder. */
  classNames(request: { readonly file: string }): ClassNamesReport;
  /** Lets the person choose such a file (open dialog). Rejects for one that is not in the model's folder or below it. */
  browseClasses(request: Record<string, never>): { readonly file: string } | undefined;
  /** The 1,000 names of ImageNet's classes, which come with the program. */
  imagenetNames(request: Record<string, never>): { readonly names: readonly string[] };
  /**
   * Asks how and where, writes the explanation as one ONNX model, and says so in a notification; false when the person
   * left it.
   */
  exportModel(request: { readonly state: PanelState }): { readonly saved: boolean };
  /**
   * Puts Python code that gives this result again on the clipboard, and says so in a notification. Rejects where there
   * is none.
   */
  copyPython(request: { readonly provenance: Provenance }): void;
  /** Puts a text on the clipboard and says so. `what` with its article: "the table". */
  copy(request: { readonly text: string; readonly what: string }): void;
  /** Lets the person choose among all methods (quick pick), and pin some; no technique when they left it. */
  pickMethod(request: { readonly state: PanelState }): { readonly technique?: string; readonly methods: QuickMethods };
  /** Lets the person pick another model (quick pick), and explains that one in its own panel. */
  pickModel(request: { readonly state: PanelState }): void;
  /**
   * The input before or after this one: of a table the next row, else the next file of the same kind in its folder, by
   * name. Undefined where there is none.
   */
  stepInput(request: {
    readonly state: PanelState;
    readonly by: 1 | -1;
  }): { readonly input: string; readonly name: string } | undefined;
  /** What the state's input gives each of the model's inputs; files relative to the model's folder. */
  inputSources(request: { readonly state: PanelState }): { readonly sources: InputSources };
  /** What is known of each input before a run. Files are relative to the model's folder. */
  checkInputs(request: {
    readonly state: PanelState;
    readonly sources: InputSources;
  }): Readonly<Record<string, InputCheck>>;
  /** Lets the person pick a file for one input (open dialog): relative to the model's folder; undefined when they left it. */
  browseInput(request: { readonly state: PanelState; readonly name: string }): { readonly file: string } | undefined;
  /** What was typed as an input, without saving it. */
  useInputs(request: { readonly state: PanelState; readonly sources: InputSources }): {
    readonly input: string;
    readonly name: string;
  };
  /** Asks where, and saves what was typed as a sample; undefined when the person left the dialog. */
  saveSample(request: {
    readonly state: PanelState;
    readonly sources: InputSources;
  }): { readonly input: string; readonly name: string } | undefined;
  /** Asks which methods are compared with this one, and opens the comparison. */
  compare(request: { readonly state: PanelState }): void;
  /**
   * Keeps this result: the panel stays what it is, and its state is listed under Results. `target`: what the page calls
   * the target. Gives the entry's id.
   */
  pin(request: { readonly state: PanelState; readonly target?: string }): { readonly pinned: string };
  /** Lets the panel change again, and takes its result off the list. */
  unpin(request: { readonly state: PanelState }): void;
  /** Shows what was chosen in a pinned panel in another one. */
  openNext(request: { readonly state: PanelState }): void;
  /** Opens the model in its editor. */
  openModel(request: { readonly state: PanelState }): void;
}

export interface PanelBoot {
  readonly state: PanelState;
  /** The state was changed by another view of the model while this page was away: what the page kept is older. */
  readonly followed?: true;
  /** What the panel would show if it followed the model's other views, where that is another result. */
  readonly elsewhere?: { readonly state: PanelState; readonly inputName?: string };
  /** "How reliable is this explanation?" was asked for by a command, or a check in it, which is run. Given once. */
  readonly reliability?: { readonly check?: string } | undefined;
  readonly techniques: readonly TechniqueInfo[];
  readonly methods: QuickMethods;
  /** Why techniques cannot work for this model, by id, as sentences. */
  readonly unfit: Readonly<Record<string, string>>;
  readonly speeds: Speeds;
  readonly modelName: string;
  /** Absent where the state has no input. */
  readonly inputName?: string;
  readonly recipe: RecipeReport;
  readonly inputs: readonly FormInput[];
  readonly outputs: readonly string[];
  /** How many scores outputs have that are a list of them, by name. */
  readonly scores: Readonly<Record<string, number>>;
  /** The one that is looked at unless another is asked for: the first that has scores. */
  readonly defaultOutput?: string;
  /** The state's result, while it is still on disk. */
  readonly result?: Result;
  /** Why nothing can be run (untrusted workspace, no file path ...), as a sentence. */
  readonly blocked?: string;
}
