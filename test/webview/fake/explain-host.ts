import { withoutValues } from "../../../src/protocol/result.ts";
import type { Handlers } from "../../../src/protocol/link.ts";
import { checkState } from "../../../src/protocol/checks.ts";
import { Link, RemoteError } from "../../../src/protocol/link.ts";
import { DEFAULT_LOOKS } from "../../../src/protocol/looks.ts";
import type { PanelBoot, PanelHost, PanelState } from "../../../src/protocol/panel.ts";
import { withUsed, type QuickMethods } from "../../../src/protocol/quick-methods.ts";
import type { ClassNamesReport, Recipe, RecipeReport } from "../../../src/protocol/recipe.ts";
import type { InputSources } from "../../../src/protocol/sample.ts";
import type { ChangeReason, SessionView } from "../../../src/protocol/session.ts";
import { checks } from "./checks.ts";
import { checkedInputs } from "./inputs.ts";
import { noted, page, scenario, wire, work } from "./page.ts";
import { manyTechniques, otherKinds, techniques, withModelOnly } from "./panel-techniques.ts";
import { channelValues, classNames, defaultLayer, image, layers, resultFor, tilesOf, tokenLayers } from "./results.ts";

const recipe: Recipe = {
  version: 1,
  inputs: {
    images: {
      kind: "image",
      size: [224, 224],
      fit: "center-crop",
      cropFraction: 1,
      fill: 0,
      interpolation: "bilinear",
      channels: "rgb",
      layout: "nchw",
      scale: 1 / 255,
      mean: [0.498, 0.498, 0.498],
      std: [0.502, 0.502, 0.502],
    },
  },
  classes: "imagenet-classes.json",
  ...(scenario.unnamed ? { classes: undefined } : {}),
  ...(scenario.recipe as Partial<Recipe> | undefined),
};

/** The model's inputs; of a scenario several of different kinds. */
const inputs = (scenario.inputs as PanelBoot["inputs"] | undefined) ?? [
  { name: "images", type: "float32", dims: ["N", 3, 224, 224] },
];

const explainable = scenario.explainable
  ? { explainable: scenario.explainable as NonNullable<RecipeReport["explainable"]> }
  : {};

let state: PanelState = {
  model: "file:///samples/efficientnet-lite0.onnx",
  ...(scenario.withoutInput ? {} : { input: "file:///samples/cat.png" }),
  technique: "saliency",
  target: {},
  params: {},
  looks: DEFAULT_LOOKS,
  ...(scenario.state as Partial<PanelState> | undefined),
};

let methods = {
  // Of the few techniques here all, so that tests can press any.
  places: (scenario.otherKinds ? otherKinds : scenario.modelOnly ? withModelOnly : techniques).map(({ id }) => id),
  pinned: [],
  recent: [],
  ...(scenario.methods as Partial<QuickMethods> | undefined),
} as QuickMethods;

function boot(): PanelBoot {
  const asked = page.fake.askReliability as PanelBoot["reliability"];
  delete page.fake.askReliability;
  return {
    state,
    techniques: scenario.many
      ? manyTechniques
      : scenario.modelOnly
        ? withModelOnly
        : scenario.otherKinds
          ? otherKinds
          : scenario.checks
            ? [...techniques, ...checks]
            : techniques,
    ...(page.fake.elsewhere ? { elsewhere: page.fake.elsewhere as PanelBoot["elsewhere"] } : {}),
    methods,
    unfit: (scenario.unfit as Record<string, string> | undefined) ?? {},
    speeds: (scenario.speeds as PanelBoot["speeds"] | undefined) ?? {},
    modelName: "efficientnet-lite0.onnx",
    ...(state.input === undefined ? {} : { inputName: "cat.png" }),
    inputs,
    outputs: (scenario.outputs as string[] | undefined) ?? ["logits"],
    scores: (scenario.scores as Record<string, number> | undefined) ?? { logits: 1000 },
    recipe: {
      recipe,
      ...(scenario.guessed ? {} : { file: "efficientnet-lite0.loupe.json" }),
      reasons: ["size from the input's shape 3×224×224", "mean and std from the recipe file"],
      classes: classNames,
      ...explainable,
    },
    ...(asked ? { reliability: asked } : {}),
    ...(scenario.result ? { result: withoutValues(resultFor(state)) } : {}),
    ...(typeof scenario.blocked === "string" ? { blocked: scenario.blocked } : {}),
  };
}

page.fake.askReliability = scenario.askReliability;

/** Results of checks, as the cache keeps them. */
const finished = new Map<string, ReturnType<typeof withoutValues>>();

function checkKey({ technique, input, target, layer, params }: PanelState): string {
  return JSON.stringify([technique, input, target, layer, params[technique]]);
}

/** How long a run takes, in milliseconds. */
const delay = (): number => Number(page.fake.delay ?? scenario.delay ?? 0);

const link = new Link<PanelHost, SessionView>(
  wire,
  noted<Handlers<PanelHost>>({
    ready: () => boot(),
    async run(request, context) {
      state = request.state;
      const fails = (page.fake.failNext ?? scenario.fails) as string | undefined;
      page.fake.failNext = undefined;
      await work(delay(), "Noise sample 12 of 50", context, () => resultFor(request.state));
      if (fails)
        throw new RemoteError(
          "UnsupportedError",
          fails,
          "node /_blocks.3/NonMaxSuppression",
          "Grad-CAM and CAM work without gradients below the head.",
        );
      const result = withoutValues(resultFor(request.state));
      page.fake.result = result;
      return { result, cached: false };
    },
    async check(request, context) {
      const failing = (page.fake.failCheck ?? scenario.failCheck) as Record<string, string> | undefined;
      const fails = failing?.[request.check];
      if (typeof scenario.holdCheck === "number") {
        context.progress({ fraction: scenario.holdCheck, text: "Deletion: step 12 of 50" });
        page.fake.pending--;
        await new Promise((_, reject) => {
          context.signal.addEventListener("abort", () => reject(new RemoteError("AbortError", "Cancelled.")));
        }).finally(() => page.fake.pending++);
      }
      await work(delay(), "Noise sample 12 of 50", context);
      if (fails) throw new RemoteError("UsageError", fails, "input", "Insertion and deletion work on any input.");
      const checked = checkState(request.state, request.check, [...techniques, ...checks]);
      if (!checked) throw new RemoteError("UsageError", `There is no check "${request.check}".`);
      const result = withoutValues(resultFor(checked));
      finished.set(checkKey(checked), result);
      return { result, cached: false };
    },
    knownChecks: ({ state: asked }) =>
      Object.fromEntries(
        checks.flatMap(({ id }) => {
          const checked = checkState(asked, id, [...techniques, ...checks]);
          const known = checked && finished.get(checkKey(checked));
          const started = (scenario.knownChecks as string[] | undefined)?.includes(id) && checked;
          return known ? [[id, known]] : started ? [[id, withoutValues(resultFor(checked))]] : [];
        }),
      ),
    array: ({ state: of, check, index }) => {
      const checked = check === undefined ? of : checkState(of, check, [...techniques, ...checks])!;
      return { values: resultFor(checked).arrays[index].values };
    },
    remember: (request) => {
      state = request.state;
    },
    layers: async () => {
      if (scenario.layersLate) await new Promise((give) => Object.assign(page.fake, { giveLayers: give }));
      return {
        layers: scenario.tokens ? tokenLayers : layers,
        defaultLayer,
        firstLayer: defaultLayer,
        count: "37 layers of 60 nodes: 23 only compute shapes or constants.",
      };
    },
    channel({ state: { layer }, channel }) {
      const { value, dims } = layers.find((one) => one.value === (layer ?? defaultLayer)) ?? layers[0];
      return { height: dims[2], width: dims[3], values: channelValues(value, channel, dims[2], dims[3]) };
    },
    tiles: (request) => ({ tiles: tilesOf(request.state, request.from, request.to) }),
    preview: () => ({
      before: { ...image, id: "before", title: "cat.png", caption: "451×300 on disk" },
      after: { ...image, id: "after", caption: "224×224 for the model" },
    }),
    saveRecipe: (request) => ({
      recipe: request.recipe,
      file: "efficientnet-lite0.loupe.json",
      reasons: [],
      classes: classNames,
      ...explainable,
    }),
    classNames: ({ file }) =>
      (page.fake.classNames as Record<string, ClassNamesReport> | undefined)?.[file] ?? {
        count: 1000,
        first: ["tench", "goldfish", "great white shark", "tiger shark", "hammerhead"],
        notes: [],
      },
    browseClasses: () => {
      const file = page.fake.browseClasses as string | undefined;
      if (file?.startsWith("/"))
        throw new RemoteError(
          "DataError",
          `${file} is outside the model's folder.`,
          file,
          "Copy it beside efficientnet-lite0.onnx or into a folder below: a recipe names only files there.",
        );
      return file === undefined ? undefined : { file };
    },
    imagenetNames: () => ({ names: Array.from({ length: 1000 }, (_, i) => (i === 0 ? "tench" : `class ${i}`)) }),
    inputSources: () => ({ sources: (scenario.sources as InputSources | undefined) ?? {} }),
    checkInputs: ({ sources }) => checkedInputs(inputs, sources),
    browseInput: () => ({ file: "photos/perch.png" }),
    useInputs: ({ sources }) => ({
      input: `neural-loupe-typed:/inputs?${encodeURIComponent(JSON.stringify(sources))}`,
      name: "perch.png, 4 numbers",
    }),
    saveSample: () => ({ input: "file:///samples/perch.sample.json", name: "perch" }),
    pickInput: () => ({ input: "file:///samples/dog.png", name: "dog.png" }),
    pickFiles: ({ many }) =>
      many
        ? {
            inputs: ["file:///samples/dog.png", "file:///samples/owl.png"],
            paths: ["/samples/dog.png", "/samples/owl.png"],
          }
        : { inputs: ["file:///samples/black.png"], paths: ["/samples/black.png"] },
    pickTarget: () => ({ target: { index: [284] }, label: "Siamese cat" }),
    save: () => ({ saved: true }),
    copied: () => undefined,
    exportModel: () => ({ saved: true }),
    copy: () => undefined,
    copyPython: ({ provenance }) => {
      if (provenance.technique === "predictions")
        throw new RemoteError("UsageError", "There is no Python code for predictions.");
    },
    compare: () => undefined,
    pin({ state: now }) {
      state = { ...now, pinned: "00000000-0000-0000-0000-000000000000" };
      return { pinned: "00000000-0000-0000-0000-000000000000" };
    },
    unpin() {
      const { pinned: _, ...rest } = state;
      state = rest;
      setTimeout(() => void link.call("changed", { reason: "command" }));
    },
    openNext: () => undefined,
    pickMethod() {
      const technique = page.fake.pickMethod as string | undefined;
      if (technique !== undefined) methods = withUsed(methods, technique);
      return { ...(technique === undefined ? {} : { technique }), methods };
    },
    pickModel: () => undefined,
    stepInput: ({ by }) =>
      page.fake.lastInput === true
        ? undefined
        : { input: `file:///samples/${by > 0 ? "dog" : "bird"}.png`, name: by > 0 ? "dog.png" : "bird.png" },
    openModel: () => undefined,
  }),
);

/** A layer's value as the host has it, for tests to compare with what is shown. */
page.fake.channelAt = (channel: number, row: number, column: number) => {
  const { value, dims } = layers.find((one) => one.value === (state.layer ?? defaultLayer)) ?? layers[0];
  return channelValues(value, channel, dims[2], dims[3])[row * dims[3] + column];
};

page.fake.changed = (reason: ChangeReason, part: Partial<PanelState> = {}) => {
  state = { ...state, ...part };
  return link.call("changed", { reason });
};
