/** Outputs of models that are no classifiers, as predictions show them: one for each scenario's `output`. */
import { vectorNumbers } from "../../../src/draw/kinds/vector.ts";
import type {
  Artifact,
  KeypointsArtifact,
  MaskArtifact,
  NumbersArtifact,
  OutputImageArtifact,
  TokenScoresArtifact,
  VectorArtifact,
  WaveArtifact,
} from "../../../src/protocol/artifacts.ts";
import { catPixels, random } from "./page.ts";

type Made<A extends Artifact = Artifact> = {
  readonly main: A;
  readonly beside?: readonly Artifact[];
  readonly raw: { readonly dims: readonly number[]; readonly values: Float32Array };
};

const names = ["background", "cat", "window", "sill"];

/** A cat before a window, in 56×56 places: an ellipse, a half, a strip. */
export function segmentation(): Made<MaskArtifact> {
  const side = 56;
  const values = Float32Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side), i % side];
    if (((y - 30) / 22) ** 2 + ((x - 29) / 19) ** 2 < 1) return 1;
    if (y > 48) return 3;
    return x > 34 && y < 30 ? 2 : 0;
  });
  const scores = Float32Array.from(values, (_, i) => 0.55 + 0.4 * Math.abs(Math.sin(i / 97)));
  const main: MaskArtifact = {
    kind: "mask",
    id: "segmentation",
    title: "Segmentation",
    values,
    scores,
    dims: [side, side],
    quantity: "probability",
    classes: names
      .map((label, index) => ({ index, label, channel: index, count: values.filter((one) => one === index).length }))
      .sort((a, b) => b.count - a.count),
    source: { output: "out", dims: [1, 4, side, side], axes: { channel: 1, height: 2, width: 3 } },
    over: "input",
    caption: "56×56, largest of 4 classes at each place, the model's own Softmax (out)",
  };
  return { main, raw: { dims: [1, 4, side, side], values: new Float32Array(4 * side * side) } };
}

/** The cat as an autoencoder gives it back: means of 8×8 pixels. */
export function outputPicture(): Made<OutputImageArtifact> {
  const side = 224;
  const input = catPixels();
  const bytes = new Float32Array(input.length);
  const corners = Array.from({ length: (side / 8) ** 2 * 3 }, (_, i) => {
    const [channel, block] = [i % 3, Math.floor(i / 3)];
    return 3 * (8 * Math.floor(block / (side / 8)) * side + 8 * (block % (side / 8))) + channel;
  });
  for (const corner of corners) {
    const places = Array.from({ length: 64 }, (_, k) => corner + 3 * ((k >> 3) * side + (k & 7)));
    const mean = places.reduce((sum, place) => sum + input[place], 0) / 64;
    for (const place of places) bytes[place] = mean;
  }
  const plane = (i: number): number => 3 * (i % (side * side)) + Math.floor(i / (side * side));
  const dims = [1, 3, side, side];
  const values = Float32Array.from({ length: input.length }, (_, i) => bytes[plane(i)] / 255);
  const difference = values.map((value, i) => value - input[plane(i)] / 255);
  const squares = difference.reduce((sum, value) => sum + value * value, 0);
  const main: OutputImageArtifact = {
    kind: "output-image",
    id: "output",
    title: "Output reconstruction",
    width: side,
    height: side,
    pixels: Uint8Array.from(bytes),
    values,
    dims,
    source: { output: "reconstruction", dims, axes: { channel: 1, height: 2, width: 3 } },
    range: "black 0, white 1",
    compared: {
      meanAbsolute: difference.reduce((sum, value) => sum + Math.abs(value), 0) / difference.length,
      psnr: 10 * Math.log10(difference.length / squares),
    },
    input: "input",
    caption: "224×224, black 0, white 1",
  };
  const map: Artifact = {
    kind: "heatmap",
    id: "difference",
    title: "Output − input",
    values: difference,
    dims,
    axes: { channel: 1, height: 2, width: 3 },
    quantity: "output − input",
    signed: true,
    smooth: false,
    caption: "0 is black, 1 white",
  };
  return { main, beside: [map], raw: { dims, values } };
}

/** A tone out of noise, as long and with as many channels as asked. */
export function outputWave(channels = 1, length = 800): Made<WaveArtifact> {
  const noise = random(7);
  const dims = [1, channels, length];
  const values = Float32Array.from({ length: channels * length }, (_, i) => {
    const [channel, t] = [Math.floor(i / length), (i % length) / length];
    return Math.sin(24 * Math.PI * t * (1 + channel / 4)) * Math.exp(-12 * (t - 0.5) ** 2);
  });
  const noisy = values.map((value) => value + 0.5 * (noise() - 0.5));
  const difference = values.map((value, i) => value - noisy[i]);
  const axes = { along: 2, channel: 1 };
  const x = { label: "time", unit: "s", start: 0, step: 1 / 8000 };
  const main: WaveArtifact = {
    kind: "wave",
    id: "output",
    title: "Output clean",
    values,
    dims,
    axes,
    x,
    source: { output: "clean", dims },
    madeOf: { title: "noisy", values: noisy, dims, axes },
    compared: {
      meanAbsolute: difference.reduce((sum, value) => sum + Math.abs(value), 0) / difference.length,
      rms: Math.sqrt(difference.reduce((sum, value) => sum + value * value, 0) / difference.length),
    },
    caption: `${length} samples, ${length / 8000} s at 8000 Hz`,
  };
  const line: Artifact = {
    kind: "line",
    id: "difference",
    title: "Output − input",
    values: difference,
    dims,
    axes,
    x,
    quantity: "output − input",
    signed: true,
    smooth: false,
    caption: "in the signal's own unit",
  };
  return { main, beside: [line], raw: { dims, values } };
}

const joints = ["left eye", "right eye", "nose", "mouth"];

/** The cat's face: a blob on each heat map of 28×28. */
export function figure(): Made<KeypointsArtifact> {
  const side = 28;
  const middles = [
    [0.34, 0.4],
    [0.84, 0.44],
    [0.6, 0.78],
    [0.59, 0.9],
  ] as const;
  const scores = [0.93, 0.88, 0.71, 0.12];
  const maps = Float32Array.from({ length: middles.length * side * side }, (_, i) => {
    const [point, y, x] = [Math.floor(i / side / side), Math.floor(i / side) % side, i % side];
    const [u, v] = middles[point];
    return scores[point] * Math.exp(-(((x + 0.5) / side - u) ** 2 + ((y + 0.5) / side - v) ** 2) * 200);
  });
  const dims = [1, middles.length, side, side];
  const points = middles.map(([u, v], point) => {
    const [row, column] = [Math.floor(v * side), Math.floor(u * side)];
    return {
      name: joints[point],
      x: u * 448,
      y: v * 448,
      u,
      v,
      score: scores[point],
      row,
      column,
      target: `${point},${row},${column}`,
    };
  });
  const main: KeypointsArtifact = {
    kind: "keypoints",
    id: "keypoints",
    title: "Keypoints",
    points,
    skeleton: [
      [0, 2],
      [1, 2],
      [2, 3],
    ],
    values: Float32Array.from(points.flatMap(({ x, y, score }) => [x, y, score])),
    dims: [points.length, 3],
    maps,
    height: side,
    width: side,
    quantity: "heatmaps",
    pixels: "picture file",
    source: { output: "heatmaps", dims, axes: { channel: 1, height: 2, width: 3 } },
    over: "input",
    caption: "4 points from heat maps of 28×28: the largest place (heatmaps)",
  };
  return { main, raw: { dims, values: maps } };
}

/** A radius in millimetres. */
export function singleNumber(): Made<NumbersArtifact> {
  return numbersOf([["radius", 20.1234567]], "mm");
}

/** Angles of a head. */
export function severalNumbers(): Made<NumbersArtifact> {
  return numbersOf(
    [
      ["yaw", -31.25],
      ["pitch", 4.5],
      ["roll", 0.0625],
    ],
    "°",
  );
}

function numbersOf(named: readonly (readonly [string, number])[], unit: string): Made<NumbersArtifact> {
  const values = Float32Array.from(named, ([, value]) => value);
  const dims = [1, values.length];
  const main: NumbersArtifact = {
    kind: "numbers",
    id: "numbers",
    title: values.length === 1 ? "Number" : "Numbers",
    items: named.map(([label], place) => ({ label, value: values[place], unit, target: String(place) })),
    quantity: "out",
    values,
    dims,
    caption: "the model's own values",
  };
  return { main, raw: { dims, values } };
}

/** A feature vector of length one. */
export function features(): Made<VectorArtifact> {
  const raw = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * 1.7) * Math.cos(i / 11) + 0.1);
  const length = Math.hypot(...raw);
  const values = raw.map((value) => value / length);
  const main: VectorArtifact = {
    kind: "vector",
    id: "embedding",
    title: "Embedding",
    values,
    dims: [64],
    source: { output: "embedding", dims: [1, 64] },
    quantity: "embedding",
    ...vectorNumbers(values),
    caption: "64 dimensions of embedding, the model's own values",
  };
  return { main, raw: { dims: [1, 64], values } };
}

/** A masked word, and what a language model puts at each place. */
export function languageModel(): Made<TokenScoresArtifact> {
  const places = [
    ["[CLS]", [["the", 996, 0.21]]],
    ["the", [["the", 996, 0.93]]],
    [
      "[MASK]",
      [
        ["cat", 4937, 0.412],
        ["dog", 3899, 0.287],
        ["child", 2775, 0.08],
      ],
    ],
    ["sle", [["sle", 10231, 0.97]]],
    ["##eps", [["##eps", 5051, 0.88]]],
  ] as const;
  const listed = 3;
  const rows = places.map(([token, known], place) => ({
    place,
    token,
    top: Array.from({ length: listed }, (_, rank) => {
      const [text, index, value] = known[rank] ?? [
        ["a", "##s", "of"][rank],
        1000 + 17 * rank + place,
        0.02 / (rank + 1),
      ];
      return { index, token: text, value, target: `${place},${index}` };
    }),
  }));
  const values = Float32Array.from(rows.flatMap(({ top }) => top.map(({ value }) => value)));
  const main: TokenScoresArtifact = {
    kind: "token-scores",
    id: "token-scores",
    title: "Tokens by place",
    rows,
    vocabulary: 30_522,
    noun: "token",
    quantity: "probability",
    share: true,
    output: "logits",
    values,
    dims: [rows.length, listed],
    caption: "the 3 largest of 30522 at each of 5 places (logits, softmax of the logits)",
  };
  return { main, raw: { dims: [1, rows.length, 30_522], values: new Float32Array(1) } };
}

const makers: Readonly<Record<string, () => Made>> = {
  image: outputPicture,
  segmentation,
  keypoints: figure,
  number: singleNumber,
  numbers: severalNumbers,
  embedding: features,
  tokens: languageModel,
  wave: outputWave,
};

/** What predictions show in this scenario; undefined where it is a classifier. */
export function outputOf(name: unknown): Made | undefined {
  return typeof name === "string" ? makers[name]?.() : undefined;
}
