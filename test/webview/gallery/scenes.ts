/**
 * The states of all pages, as data: `npm run gallery` shows them, and a test opens one by its name
 * (`open({ scene: "running, a part is there" })`).
 */
import type { Artifact } from "../../../src/protocol/artifacts.ts";
import { rowsWithProblems, severalInputs, soundRows } from "../fake/several-inputs.ts";
import type { View } from "../serve.ts";
import { kindNames, statesOf } from "./kinds/index.ts";
import type { Derivation } from "./derived.ts";

export interface Scene {
  /** What the fake host does: read by test/webview/fake. */
  readonly scenario: Readonly<Record<string, unknown>>;
  /** Is on the page once it is in this state. */
  readonly shows: string;
  /** CSS pixels, as the gallery and the screenshots have it; default 700. */
  readonly height?: number;
}

type Scenes = Readonly<Record<string, Scene>>;

/** A method's result in the panel, as the fake host gives it: most states are a line of this. */
const result = (technique: string, shows: string, scenario: Scene["scenario"] = {}, height?: number): Scene => ({
  scenario: { ...scenario, state: { technique } },
  shows,
  ...(height ? { height } : {}),
});

/** The section "How reliable is this explanation?" under a result; `open`: the checks that are opened in it. */
const checked = (shows: string, { open, ...scenario }: Scene["scenario"]): Scene => ({
  scenario: { checks: true, ...scenario, state: { technique: "saliency", ...(open ? { reliability: open } : {}) } },
  shows,
  height: 1400,
});

const named = (derivation: Derivation): Readonly<Record<string, unknown>> => ({ derivation });

const explain: Scenes = {
  typical: { scenario: {}, shows: "[data-testid=heatmap]", height: 760 },
  "loading: nothing has answered yet": { scenario: { silent: ["ready"] }, shows: ".skeleton", height: 200 },
  "empty: no input chosen yet": { scenario: { withoutInput: true }, shows: "[data-testid=empty]", height: 420 },
  "several inputs: an empty form": {
    scenario: { ...severalInputs, state: { form: {} } },
    shows: "[data-testid=input-form]",
    height: 760,
  },
  "several inputs: what does not fit": {
    scenario: { ...severalInputs, state: { form: rowsWithProblems } },
    shows: "[data-testid=input-problem-image]:not(:empty)",
    height: 760,
  },
  "several inputs: ready": {
    scenario: { ...severalInputs, state: { form: soundRows } },
    shows: "[data-testid=use-inputs]:not([disabled])",
    height: 760,
  },
  "running for the first time": { scenario: { hold: 0.4 }, shows: "[role=progressbar]", height: 420 },
  "running, a part is there": {
    scenario: { hold: 0.4, partial: true, state: { technique: "grad-cam" } },
    shows: "[data-testid=in-progress]",
  },
  "error: the method cannot run": {
    scenario: { fails: "There is no gradient rule for NonMaxSuppression." },
    shows: "[data-testid=error]",
    height: 420,
  },
  "blocked: the workspace is not trusted": {
    scenario: { blocked: "This workspace is not trusted: models are shown, and not run." },
    shows: "[data-testid=blocked]",
    height: 420,
  },
  "many methods": { scenario: { many: true }, shows: "[data-testid=heatmap]" },
  "class activation map": result("grad-cam", "[data-testid=heatmap]"),
  predictions: result("predictions", "[data-testid^=bar-]"),
  "feature maps": result("feature-maps", "[data-testid=tiles]", {}, 900),
  "feature maps of the first layer": {
    scenario: { state: { technique: "feature-maps", layer: "stem" } },
    shows: "[data-testid=tiles-input]",
    height: 900,
  },
  detections: result("predictions", "[data-testid=boxes-over]", { detector: true }, 800),
  frames: { scenario: { frames: true, state: { technique: "grad-cam" } }, shows: "[data-testid=heatmap]" },
  tokens: result("tokens", "[data-testid=tokens]", { otherKinds: true }, 560),
  "a signal": result("signal", "[data-testid=line-view]", { otherKinds: true }),
  "a picture and a row": result("inputs", "[data-testid=explained-input]", { otherKinds: true }, 1100),
  "preprocessing, and no class names are known": {
    scenario: { unnamed: true, press: "recipe" },
    shows: "[data-testid=recipe-classes-offer]",
    height: 1400,
  },
  "preprocessing, with another model's class names": {
    scenario: { scores: { logits: 10 }, press: "recipe" },
    shows: "[data-testid=recipe-classes-problem]",
    height: 1400,
  },
  "checks: closed": checked("[data-testid=reliability]", {}),
  "checks: none ran yet": checked("[data-testid=checks-table]", { open: [] }),
  "checks: running": checked("[data-testid=check-progress]", {
    open: [],
    askReliability: { check: "insertion-deletion" },
    holdCheck: 0.4,
  }),
  "checks: with numbers": checked("[data-testid=curves-infidelity]", {
    open: ["infidelity"],
    knownChecks: ["insertion-deletion", "infidelity", "randomisation"],
  }),
  "checks: one failed, one cannot judge": checked(".check-failure", {
    open: [],
    askReliability: { check: "infidelity" },
    failCheck: { infidelity: "The score is not finite where the input is perturbed." },
    unfitChecks: { randomisation: "The model has no layers with float weights that could be randomised." },
  }),
  "the model alone": result("parameters", ".table-stage", { modelOnly: true }, 420),
  "NaN and infinite values": { scenario: named("NaN and infinite"), shows: "[data-testid=heatmap]" },
  "huge values": { scenario: named("huge values"), shows: "[data-testid=heatmap]" },
  "tiny values": { scenario: named("tiny values"), shows: "[data-testid=heatmap]" },
  "long names": {
    scenario: { ...named("long names"), state: { technique: "grad-cam" } },
    shows: "[data-testid=heatmap]",
    height: 800,
  },
  "right-to-left names": {
    scenario: { ...named("right to left"), state: { technique: "grad-cam" } },
    shows: "[data-testid=heatmap]",
  },
};

const model: Scenes = {
  typical: { scenario: {}, shows: "[role=tablist]" },
  "loading: nothing has answered yet": { scenario: { silent: ["ready"] }, shows: ".skeleton", height: 200 },
  "empty: a graph without layers": { scenario: { layers: 0 }, shows: "[role=tablist]", height: 420 },
  "error: no model": { scenario: { error: true }, shows: "[role=alert], .broken", height: 300 },
  "blocked: the workspace is not trusted": {
    scenario: { blocked: "This workspace is not trusted: models are shown, and not run." },
    shows: "[role=tablist]",
    height: 420,
  },
  "error: a file that was cut short": {
    scenario: {
      limits: [
        {
          obstacle: "run",
          reason: "The file ends too early: TensorProto needs at least 4207477 more bytes. The model cannot be run.",
          where: "byte 1000000",
        },
      ],
    },
    shows: "[data-testid=cannot-run]",
    height: 560,
  },
  "methods that cannot work": {
    scenario: {
      limits: [
        {
          obstacle: "spatial layer",
          reason: "No layer between the input and the score has height and width larger than 1×1.",
        },
      ],
    },
    shows: "[data-testid=visualize-grad-cam][aria-disabled]",
    height: 420,
  },
  "plumbing is hidden": { scenario: { plumbing: true }, shows: "[data-testid=hide-plumbing]", height: 560 },
  "one layer": { scenario: { layers: 3 }, shows: "[role=tablist]", height: 420 },
  "many layers": { scenario: { layers: 3600 }, shows: "[role=tablist]" },
  "many methods": { scenario: { many: true }, shows: "[role=tablist]" },
  "long names": { scenario: named("long names"), shows: "[role=tablist]" },
  "right-to-left names": { scenario: named("right to left"), shows: "[role=tablist]" },
};

const compare: Scenes = {
  typical: { scenario: {}, shows: "[data-testid=heatmap]" },
  "loading: nothing has answered yet": { scenario: { silent: ["ready"] }, shows: ".skeleton", height: 200 },
  "empty: nothing to compare": {
    scenario: { state: { columns: { kind: "method", entries: [] } } },
    shows: "main",
    height: 420,
  },
  "running: cells wait": { scenario: { hold: 0.4 }, shows: "[data-testid=cell-running]", height: 560 },
  "running, parts are there": { scenario: { hold: 0.4, partial: true }, shows: "[data-testid=cell-running]" },
  "error: a cell failed": { scenario: { failing: ["grad-cam"], row: true }, shows: "[data-testid=cell-error]" },
  "blocked: the workspace is not trusted": {
    scenario: { blocked: "This workspace is not trusted: models are shown, and not run." },
    shows: "[data-testid=blocked]",
    height: 560,
  },
  "two axes": {
    scenario: {
      state: {
        rows: {
          kind: "target",
          entries: [
            { kind: "target", target: { index: [285] }, label: "Egyptian cat" },
            { kind: "target", target: { index: [282] }, label: "tiger cat" },
          ],
        },
      },
    },
    shows: "[data-testid=heatmap]",
    height: 900,
  },
  "one scale": { scenario: { state: { scale: "all" } }, shows: "[data-testid=heatmap]" },
  "a table's row": { scenario: { row: true }, shows: ".cell-foot", height: 560 },
  "a text": { scenario: { text: true }, shows: ".cell-foot", height: 560 },
  "NaN and infinite values": { scenario: named("NaN and infinite"), shows: "[data-testid=heatmap]" },
  "huge values": { scenario: named("huge values"), shows: "[data-testid=heatmap]" },
  "long names": { scenario: { ...named("long names"), row: true }, shows: ".cell-foot" },
  "right-to-left names": { scenario: { ...named("right to left"), row: true }, shows: ".cell-foot" },
};

const sheet = (kind: Artifact["kind"], state?: string): Scene => ({
  scenario: { kind, ...(state === undefined ? {} : { state }) },
  shows: ".sheet-state",
  height: state === undefined ? 900 : 500,
});

/** A kind in all its states ("bars"), and in each ("bars: long names"). */
const results: Scenes = Object.fromEntries(
  kindNames.flatMap((kind) => [
    [kind, sheet(kind)],
    ...Object.keys(statesOf(kind)).map((state) => [`${kind}: ${state}`, sheet(kind, state)] as const),
  ]),
);

const controls: Scenes = { controls: { scenario: {}, shows: ".row", height: 800 } };

export const scenes: { readonly [V in View]: Scenes } = { explain, model, compare, results, controls };

export function sceneOf(view: View, name: string): Scene {
  const scene = scenes[view][name];
  if (!scene) throw new RangeError(`"${view}" has no state "${name}" in test/webview/gallery/scenes.ts.`);
  return scene;
}
