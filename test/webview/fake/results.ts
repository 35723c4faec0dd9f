/** Results that look like the real ones: made from the cat's pixels by plain filters, the same each time. */
import type {
  BarsArtifact,
  BoxesArtifact,
  HeatmapArtifact,
  ImageArtifact,
  LineArtifact,
  TilesArtifact,
  TokensArtifact,
} from "../../../src/protocol/artifacts.ts";
import type { Result, WholeResult } from "../../../src/protocol/result.ts";
import type { LayerChoice } from "../../../src/protocol/engine.ts";
import type { PanelState } from "../../../src/protocol/panel.ts";
import { derive } from "../gallery/derived.ts";
import type { Derivation } from "../gallery/derived.ts";
import { checkCurves } from "./checks.ts";
import { outputOf } from "./outputs.ts";
import { catPixels, random, scenario } from "./page.ts";

const side = 224;
export const pixels = catPixels();
const gray = Float32Array.from(
  { length: side * side },
  (_, i) => (pixels[3 * i] + pixels[3 * i + 1] + pixels[3 * i + 2]) / 765,
);

export const layers: readonly LayerChoice[] = [
  { value: "stem", node: "/_conv_stem/Conv", operator: "Conv", dims: [1, 32, 112, 112], spatial: true },
  ...Array.from({ length: 16 }, (_, block): LayerChoice[] => {
    const size = block < 1 ? 112 : block < 3 ? 56 : block < 5 ? 28 : block < 11 ? 14 : 7;
    const count = block < 1 ? 16 : block < 3 ? 24 : block < 5 ? 40 : block < 8 ? 80 : block < 11 ? 112 : 192;
    return [
      {
        value: `expand_${block}`,
        node: `/_blocks.${block}/_expand_conv/Conv`,
        operator: "Conv",
        dims: [1, count * 6, size, size],
        spatial: true,
      },
      {
        value: `project_${block}`,
        node: `/_blocks.${block}/_project_conv/Conv`,
        operator: "Conv",
        dims: [1, count, size, size],
        spatial: true,
      },
    ];
  }).flat(),
  { value: "head", node: "/_conv_head/Conv", operator: "Conv", dims: [1, 1280, 7, 7], spatial: true },
  { value: "relu", node: "/_relu/Clip", operator: "Clip", dims: [1, 1280, 7, 7], spatial: true },
  {
    value: "pool",
    node: "/_avg_pooling/GlobalAveragePool",
    operator: "GlobalAveragePool",
    dims: [1, 1280, 1, 1],
    spatial: false,
  },
  { value: "logits", node: "/_fc/Gemm", operator: "Gemm", dims: [1, 1000], spatial: false },
];
export const defaultLayer = "relu";
/** A transformer's, in front of the others. */
export const tokenLayers: readonly LayerChoice[] = [
  {
    value: "norm",
    node: "/blocks.11/norm1/LayerNormalization",
    operator: "LayerNormalization",
    dims: [1, 197, 768],
    spatial: true,
    size: [14, 14],
  },
  ...layers,
];

const classes: readonly { readonly label: string; readonly index: number; readonly value: number }[] = [
  { label: "Egyptian cat", index: 285, value: 0.405 },
  { label: "tiger cat", index: 282, value: 0.331 },
  { label: "tabby", index: 281, value: 0.158 },
  { label: "lynx", index: 287, value: 0.026 },
  { label: "window screen", index: 904, value: 0.002 },
  { label: "Persian cat", index: 283, value: 0.0016 },
  { label: "Siamese cat", index: 284, value: 0.0011 },
  { label: "quilt", index: 750, value: 0.0009 },
];
export const classNames = Array.from(
  { length: 1000 },
  (_, index) => classes.find((one) => one.index === index)?.label ?? `class ${index}`,
);

export const image: ImageArtifact = {
  kind: "image",
  id: "input",
  title: "cat.png",
  width: side,
  height: side,
  pixels,
  caption: "input 224×224, centre crop",
};

const frameNames = ["frame 1 of 3", "frame 2 of 3", "frame 3 of 3"];
/** The picture, darker from frame to frame. */
const frameImages = (): ImageArtifact[] =>
  frameNames.map((name, frame): ImageArtifact => ({
    ...image,
    id: `input ${name}`,
    title: `Input, ${name}`,
    caption: name,
    pixels: pixels.map((value) => value / (frame + 1)),
  }));
const frames = { names: frameNames, over: frameNames.map((name) => `input ${name}`) };

export function bars(state: PanelState): BarsArtifact {
  const values = new Float32Array(1000).fill(0.0001);
  for (const { index, value } of classes) values[index] = value;
  return {
    kind: "bars",
    id: "predictions",
    title: "Predictions",
    items: classes,
    quantity: "probability",
    share: true,
    selected: state.target.index?.[0] ?? 285,
    values,
    dims: [1000],
    caption: "",
  };
}

/** A segmentation's output, [1, 21, 28, 28]: its strongest elements. */
function denseBars(): BarsArtifact {
  const values = Float32Array.from({ length: 21 * 28 * 28 }, (_, i) => Math.sin(i));
  const flat = (15 * 28 + 10) * 28 + 12;
  return {
    kind: "bars",
    id: "predictions",
    title: "Predictions",
    items: [{ index: flat, label: "15, 10, 12", value: 3 }],
    quantity: "logits",
    share: false,
    values,
    dims: [1, 21, 28, 28],
    caption: "",
  };
}

/** Of one number that tells two classes apart. */
function twoClasses({ target }: PanelState): BarsArtifact {
  return {
    kind: "bars",
    id: "predictions",
    title: "Predictions",
    quantity: "probability",
    share: true,
    values: Float32Array.of(0.2),
    dims: [1, 1],
    caption: "",
    selected: target.not ? -1 : 0,
    items: [
      { index: -1, label: "ham", value: 0.8, target: "not:0" },
      { index: 0, label: "spam", value: 0.2, target: "0" },
    ],
  };
}

/** One result per technique id; throws for what the fake does not know. */
export function resultFor(state: PanelState): WholeResult {
  const result = plainResultFor(state);
  return scenario.derivation ? derive(result, scenario.derivation as Derivation) : result;
}

function plainResultFor(state: PanelState): WholeResult {
  if (state.technique === "parameters") return modelResult();
  const make = makers[state.technique];
  if (!make) throw new Error(`The fake host has no technique "${state.technique}".`);
  const { main: made, beside = [], inputs, raw, notes } = make(state);
  const main = scenario.kind ? ({ ...made, kind: scenario.kind } as typeof made) : made;
  const index = state.target.index ?? [285];
  return {
    arrays: (inputs ?? [raw]).map((array) => ({
      ...array,
      type: "float32",
      ...(main.kind !== "image" && "values" in main && main.values === array.values ? { view: main.id } : {}),
    })),
    notes,
    views: [main, ...beside],
    context: {
      ...(scenario.unfitChecks ? { unfitChecks: scenario.unfitChecks as Record<string, string> } : {}),
      ...(scenario.mark ? { target: { left: 0.25, top: 0.3, right: 0.5, bottom: 0.6 } } : {}),
      pictures:
        ["heatmap", "tiles", "boxes", "mask", "output-image", "keypoints", "numbers"].includes(main.kind) ||
        main.id === "predictions"
          ? [image, ...(scenario.frames ? frameImages() : [])]
          : [],
      ...(main.id === "predictions" || main.kind === "boxes"
        ? {}
        : {
            predictions:
              state.technique === "dense" ? denseBars() : scenario.twoClasses ? twoClasses(state) : bars(state),
          }),
    },
    provenance: {
      technique: state.technique,
      model: { name: "efficientnet-lite0.onnx", hash: "4c1f9e2ab7d05c66" },
      input: { name: "cat.png", hash: "9a3d1be07c5f8e21" },
      recipe: {},
      target: { output: "logits", index, label: classNames[index[0]] },
      output: { name: "logits", kind: "logits", why: "It has one value per class name.", batched: true },
      score: { kind: "logit", value: "logits" },
      ...(["cam", "grad-cam", "feature-maps"].includes(state.technique) ? { layer: state.layer ?? defaultLayer } : {}),
      params: state.params[state.technique] ?? {},
      versions: { neuralLoupe: "0.1.0", onnxruntime: "1.30.0" },
      threads: 2,
    },
    time: { run: 26.8, total: 41.2 },
  };
}

/** What a technique of the model alone gives: a table, without arrays, input or predictions. */
function modelResult(): WholeResult {
  return {
    arrays: [],
    notes: [],
    views: [
      {
        kind: "table",
        id: "parameters",
        title: "Parameters",
        columns: [
          { name: "layer", type: "text", values: ["conv", "fc"] },
          { name: "parameters", type: "integer", values: Float64Array.of(864, 1_281_000) },
        ],
        caption: "",
      },
    ],
    context: { pictures: [] },
    provenance: {
      technique: "parameters",
      model: { name: "efficientnet-lite0.onnx", hash: "4c1f9e2ab7d05c66" },
      recipe: {},
      params: {},
      versions: { neuralLoupe: "0.1.0", onnxruntime: "1.30.0" },
      threads: 2,
    },
    time: { run: 0, total: 3.1 },
  };
}

interface Numbers {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

type Made = {
  readonly main: Result["views"][number];
  readonly beside?: Result["views"];
  readonly inputs?: readonly (Numbers & { readonly name: string })[];
  readonly raw: Numbers;
  readonly notes: readonly string[];
};

const makers: Record<string, (state: PanelState) => Made> = {
  ...Object.fromEntries(
    Object.entries(checkCurves).map(([id, main]) => [
      id,
      (): Made => ({ main, raw: { dims: [1, main.lines[0].y.length], values: main.lines[0].y }, notes: [] }),
    ]),
  ),
  predictions: (state) => {
    const output = outputOf(scenario.output);
    if (output) return { ...output, beside: [...(output.beside ?? []), bars(state)], notes: [] };
    return scenario.detector
      ? {
          main: selected(state, scenario.detector === "graph"),
          raw: { dims: [1, 84, 1029], values: new Float32Array(1) },
          notes: ["The outputs are read as YOLO v8."],
        }
      : {
          main: bars(state),
          raw: { dims: [1, 1000], values: bars(state).values },
          notes: ["probabilities by softmax of the logits"],
        };
  },
  saliency(state) {
    const absolute = state.params.saliency?.absolute !== false;
    // `largest`: what the largest value is about.
    const scale = typeof scenario.largest === "number" ? scenario.largest : 1;
    const values = gradient(state.target.index?.[0] ?? 285).map(
      (value) => (absolute ? Math.abs(value) : value) * scale,
    );
    if (scenario.nan) values[0] = NaN;
    const main: HeatmapArtifact = {
      kind: "heatmap",
      id: "saliency",
      title: "Saliency",
      values,
      dims: [1, 3, side, side],
      axes: { channel: 1, height: 2, width: 3 },
      quantity: absolute ? "|∂y/∂x|" : "∂y/∂x",
      signed: !absolute,
      over: "input",
      smooth: false,
      caption: "",
    };
    return {
      main,
      raw: { dims: main.dims, values },
      notes: ["explains the logit, which is what goes into no Softmax here"],
    };
  },
  tokens() {
    const tokens = "[CLS] the film is n ##ot bad at all , and the cast is wonderful . [SEP]".split(" ");
    const values = Float32Array.from(
      tokens,
      (token, i) => ({ bad: -0.8, "##ot": 0.9, wonderful: 1.4, n: 0.3 })[token] ?? 0.1 * Math.sin(i),
    );
    const main: TokensArtifact = {
      kind: "tokens",
      id: "tokens",
      title: "Input × Gradient",
      tokens,
      values,
      dims: [tokens.length],
      quantity: "Σ x·∂y/∂x",
      signed: true,
      caption: "input times gradient; sum of each token's vector",
    };
    return { main, raw: { dims: [1, tokens.length, 4], values: new Float32Array(tokens.length * 4) }, notes: [] };
  },
  /** A picture and a row, explained together. */
  inputs() {
    const values = gradient(5);
    const main: HeatmapArtifact = {
      kind: "heatmap",
      id: "inputs",
      input: "picture",
      title: "Saliency",
      values,
      dims: [1, 3, side, side],
      axes: { channel: 1, height: 2, width: 3 },
      quantity: "∂y/∂x",
      signed: true,
      over: "input",
      smooth: false,
      caption: "gradient",
    };
    const row: BarsArtifact = {
      kind: "bars",
      id: "inputs:row",
      input: "row",
      title: "Saliency",
      items: [
        { index: 1, label: "age", value: 0.7 },
        { index: 0, label: "fare", value: -0.2 },
      ],
      quantity: "∂y/∂x",
      share: false,
      values: Float32Array.of(-0.2, 0.7),
      dims: [1, 2],
      caption: "gradient",
    };
    const inputs = [
      { name: "picture", dims: main.dims, values },
      { name: "row", dims: [1, 2], values: row.values },
    ];
    return { main, beside: [row], inputs, raw: inputs[0], notes: [] };
  },
  features() {
    const labels = ["alcohol", "malic acid", "ash", "flavanoids", "proline", "hue"];
    const values = Float32Array.of(0.8, -0.4, 0.05, 1.9, -1.2, 0.3);
    const order = [3, 4, 0, 1, 5, 2];
    const main: BarsArtifact = {
      kind: "bars",
      id: "features",
      title: "Integrated Gradients",
      items: order.map((index) => ({ index, label: labels[index], value: values[index] })),
      quantity: "(x−x′)·∫∂y/∂x",
      share: false,
      values,
      dims: [1, 6],
      caption: "50 steps from 0",
    };
    return { main, raw: { dims: [1, 6], values }, notes: [] };
  },
  /** A signal of three channels and its attribution, as long and as many as the scenario says. */
  signal() {
    const [channels, steps] = [
      (scenario.channels as number | undefined) ?? 3,
      (scenario.steps as number | undefined) ?? 240,
    ];
    const dims = [1, channels, steps];
    const wave = Float32Array.from({ length: channels * steps }, (_, i) => {
      const [channel, t] = [Math.floor(i / steps), (i % steps) / steps];
      return Math.sin(12 * Math.PI * t * (channel + 1)) * Math.exp(-8 * (t - 0.4) ** 2) + (channel === 2 ? 2 : 0);
    });
    const values = wave.map((value, i) => 0.1 * value * Math.cos((i % steps) / 9));
    // One step among all, which no drawing may lose.
    wave[Math.floor(steps / 2)] = 5;
    values[Math.floor(steps / 2)] = 0.9;
    const main: LineArtifact = {
      kind: "line",
      id: "signal",
      title: "Input × Gradient",
      values,
      dims,
      axes: { along: 2, channel: 1 },
      x: { label: "time", unit: "s", start: 0, step: 0.01 },
      quantity: "x·∂y/∂x",
      signed: true,
      smooth: false,
      signal: { title: "ecg", values: wave, dims, axes: { along: 2, channel: 1 } },
      ...(channels === 3 ? { channels: ["lead I", "lead II", "lead III"] } : {}),
      caption: "input times gradient",
    };
    return { main, raw: { dims, values }, notes: [] };
  },
  dense(state) {
    const values = gradient(3);
    const main: HeatmapArtifact = {
      kind: "heatmap",
      id: "dense",
      title: "Saliency",
      values,
      dims: [1, 3, side, side],
      axes: { channel: 1, height: 2, width: 3 },
      quantity: "∂y/∂x",
      signed: true,
      over: "input",
      smooth: false,
      caption: state.target.region ? `region ${JSON.stringify(state.target.region)}` : "",
    };
    return { main, raw: { dims: main.dims, values }, notes: [] };
  },
  cam: (state) => cam(state, "CAM", "Σₖ wₖAᵏ"),
  "grad-cam": (state) => cam(state, "Grad-CAM", "Σₖ αₖAᵏ"),
  "feature-maps"(state) {
    const layer = layers.find((one) => one.value === (state.layer ?? defaultLayer)) ?? layers[0];
    const [, count, height, width] = layer.dims;
    const tile = Math.min(56, height);
    const sent = Math.min(count, 64);
    const all = Array.from({ length: count }, (_, channel) => channelValues(layer.value, channel, height, width));
    const main: TilesArtifact = {
      kind: "tiles",
      id: "feature-maps",
      title: "Feature maps",
      value: layer.value,
      dims: layer.dims,
      axes: { channel: 1, height: 2, width: 3 },
      count,
      min: Float32Array.from(all, (values) => values.reduce((a, b) => Math.min(a, b))),
      max: Float32Array.from(all, (values) => values.reduce((a, b) => Math.max(a, b))),
      mean: Float32Array.from(all, mean),
      strength: Float32Array.from(all, (values) => mean(values.map(Math.abs))),
      sent,
      tileHeight: tile,
      tileWidth: tile,
      tiles: tilesOf(state, 0, sent),
      over: "input",
      caption: layer.node,
    };
    if (scenario.frames) {
      // Three frames of a third of the channels each.
      return {
        main: { ...main, count: Math.floor(count / 3), frames, over: undefined },
        raw: { dims: [1, 1], values: new Float32Array(1) },
        notes: [],
      };
    }
    return { main, raw: { dims: [1, 1], values: new Float32Array(1) }, notes: [] };
  },
};

/** Two cats and a couch in a picture of 448×448, of which the model sees half the size. */
export function detections(): BoxesArtifact {
  const box = (
    x0: number,
    y0: number,
    x1: number,
    y1: number,
    name: string,
    classIndex: number,
    score: number,
    at: number,
  ): BoxesArtifact["boxes"][number] => ({
    x0,
    y0,
    x1,
    y1,
    class: name,
    classIndex,
    score,
    target: `${4 + classIndex},${at}`,
    output: "output0",
  });
  const boxes = [
    box(40, 60, 260, 380, "cat", 15, 0.91, 312),
    box(20, 200, 440, 440, "couch", 57, 0.62, 1001),
    box(300, 90, 420, 260, "cat", 15, 0.41, 77),
  ];
  return {
    kind: "boxes",
    id: "boxes",
    title: "Detections",
    boxes,
    head: "YOLO v8",
    why: "1029 predictions are the cells of strides 8, 16, 32",
    selection: { by: "suppression", score: 0.25, iou: 0.45, said: "Only boxes with a score over 0.25 are listed." },
    width: 448,
    height: 448,
    geometry: { width: 448, height: 448, left: 0, top: 0, scaleX: 2, scaleY: 2 },
    over: "input",
    values: new Float32Array(18),
    dims: [3, 6],
    caption: "3 boxes, read as YOLO v8",
  };
}

/** Its boxes by the thresholds that are asked for. */
function selected({ params }: PanelState, byGraph: boolean): BoxesArtifact {
  const all = detections();
  const { min_score: least = "auto" } = params.predictions ?? {};
  const score = least === "auto" ? undefined : Number(least);
  const boxes = all.boxes.filter((box) => box.score > (score ?? 0));
  return {
    ...all,
    boxes,
    selection: byGraph
      ? {
          by: "graph",
          ...(score === undefined ? {} : { score }),
          said: "The graph selects its own boxes (NonMaxSuppression): all of them are listed.",
        }
      : { ...all.selection!, score: score ?? 0.25 },
    caption: `${boxes.length} boxes, read as YOLO v8`,
  };
}

function cam(state: PanelState, title: string, quantity: string): Made {
  const values = Float32Array.from({ length: 49 }, (_, i) => {
    const [row, column] = [Math.floor(i / 7), i % 7];
    return Math.max(0, 4.2 * Math.exp(-((row - 2.4) ** 2 + (column - 2.8) ** 2) / 5) - 0.31) + 0.01 * ((i * 7) % 5);
  });
  const main: HeatmapArtifact = {
    kind: "heatmap",
    id: state.technique,
    title,
    values,
    dims: [1, 1, 7, 7],
    axes: { channel: 1, height: 2, width: 3 },
    quantity,
    signed: false,
    over: "input",
    smooth: true,
    caption: `at ${state.layer ?? defaultLayer}, 7×7`,
  };
  if (scenario.frames) {
    const all = Float32Array.from({ length: 147 }, (_, i) => values[i % 49] * (1 + Math.floor(i / 49)));
    return {
      main: { ...main, values: all, dims: [3, 7, 7], axes: { frame: 0, height: 1, width: 2 }, over: undefined, frames },
      raw: { dims: [3, 7, 7], values: all },
      notes: [],
    };
  }
  return {
    main,
    raw: { dims: [7, 7], values },
    notes: state.layer === undefined ? ["layer picked: the last one with height and width"] : [],
  };
}

/**
 * Something like a gradient: edges of the picture times noise, other noise for each class and channel. [1, 3, 224, 224]
 */
export function gradient(target: number): Float32Array {
  const next = random(target);
  const values = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const at = (dy: number, dx: number): number =>
          gray[Math.min(side - 1, Math.max(0, y + dy)) * side + Math.min(side - 1, Math.max(0, x + dx))];
        const edge = Math.abs(at(0, 1) - at(0, -1)) + Math.abs(at(1, 0) - at(-1, 0));
        const eye =
          Math.exp(-((x - 70) ** 2 + (y - 88) ** 2) / 1800) + Math.exp(-((x - 176) ** 2 + (y - 96) ** 2) / 1800);
        values[(channel * side + y) * side + x] =
          (next() + next() + next() - 1.5) * 0.09 * (0.1 + edge + 0.6 * eye * next());
      }
    }
  }
  return values;
}

const cache = new Map<string, Float32Array>();

/** One channel of a layer: the picture through a random 3×3 filter, at the layer's resolution. */
export function channelValues(layer: string, channel: number, height: number, width: number): Float32Array {
  const key = `${layer} ${channel}`;
  const known = cache.get(key);
  if (known) return known;
  const next = random(channel * 7919 + layer.length * 31 + height);
  const kernel = Array.from({ length: 9 }, () => next() * 2 - 1);
  const bias = next() * 0.4 - 0.3;
  const values = new Float32Array(height * width);
  const step = side / height;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = bias;
      for (let k = 0; k < 9; k++) {
        const [row, column] = [
          Math.floor((y + Math.floor(k / 3) - 0.5) * step),
          Math.floor((x + (k % 3) - 0.5) * step),
        ];
        sum += kernel[k] * gray[Math.min(side - 1, Math.max(0, row)) * side + Math.min(side - 1, Math.max(0, column))];
      }
      values[y * width + x] = Math.max(0, sum) * 2;
    }
  }
  cache.set(key, values);
  return values;
}

/** Tiles of channels [from, to): area means at the tile's size. */
export function tilesOf(state: PanelState, from: number, to: number): Float32Array {
  const layer = layers.find((one) => one.value === (state.layer ?? defaultLayer)) ?? layers[0];
  const [, , height, width] = layer.dims;
  const tile = Math.min(56, height);
  const factor = height / tile;
  const tiles = new Float32Array((to - from) * tile * tile);
  for (let channel = from; channel < to; channel++) {
    const values = channelValues(layer.value, channel, height, width);
    for (let y = 0; y < tile; y++) {
      for (let x = 0; x < tile; x++) {
        let sum = 0;
        for (let dy = 0; dy < factor; dy++)
          for (let dx = 0; dx < factor; dx++) sum += values[(y * factor + dy) * width + x * factor + dx];
        tiles[((channel - from) * tile + y) * tile + x] = sum / factor ** 2;
      }
    }
  }
  return tiles;
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
