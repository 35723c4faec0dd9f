import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { decodeNpy } from "../../src/data/index.ts";
import type { Params } from "../../src/protocol/technique.ts";
import { loadArchitectures } from "../reference/architectures/load.ts";
import { materialise } from "../reference/architectures/materialise.ts";
import { writeArray } from "./models.ts";

/** One comparison with a reference implementation, as test/reference/FOLDER/index.json lists it. */
export interface AgreementCase {
  readonly folder: string;
  readonly network: string;
  readonly exporter?: "torchscript" | "dynamo";
  readonly technique: string;
  readonly target: number;
  readonly params: Params;
  /** A value's name in that exporter's file. */
  readonly layer?: string;
  /**
   * float32 in C order: our raw numbers; with `stride`, every stride-th element of them, `largest` being the largest
   * magnitude of all.
   */
  readonly file?: string;
  readonly stride?: number;
  readonly largest?: number;
  /** The numbers themselves, where they are few. */
  readonly values?: readonly number[];
  /** Which of the arrays of equal size that the file holds after each other. */
  readonly part?: { readonly index: number; readonly count: number };
  /** Which channel of ours the file holds. */
  readonly channel?: number;
  /** Our numbers' dims. */
  readonly shape?: readonly number[];
  /** A random method's: standard deviation of one draw, and how many draws are behind the reference's mean. */
  readonly deviation?: string;
  readonly draws?: number;
  /** The reference's exception, where it has no numbers. */
  readonly undefined?: string;
  /** How the reference departs from the paper; its numbers are then not ours, or `file` holds them put right. */
  readonly deviates?: string;
  /** The paper's numbers by other means, where the reference's (`file`) depart from it. */
  readonly corrected?: string;
  /** A completeness method's: the score less the baselines', and by how much the reference's sum misses it. */
  readonly difference?: number;
  readonly delta?: number;
  /** A check's: what the reference sums its raw numbers up to. */
  readonly numbers?: Readonly<Record<string, number>>;
  /**
   * FullGrad's: layers whose biases the reference knows; the score; input × gradient, bias × gradient and what ReLU6's
   * upper end adds, summed, by PyTorch.
   */
  readonly places?: number;
  readonly score?: number;
  readonly input?: number;
  readonly biases?: number;
  readonly lids?: number;
}

const root = resolve("test/reference");

export function loadAgreementCases(): AgreementCase[] {
  const listed = readdirSync(root)
    .filter((folder) => existsSync(join(root, folder, "index.json")))
    .flatMap((folder): AgreementCase[] => {
      const cases: unknown = JSON.parse(readFileSync(join(root, folder, "index.json"), "utf8"));
      return Array.isArray(cases)
        ? cases
            .filter((one) => typeof one?.technique === "string" && typeof one?.network === "string" && one.params)
            .map((one) => ({ ...one, folder, params: filesOf(folder, one.params), ...correctedOf(one, folder) }))
        : [];
    });
  return [...listed, ...catCases(), ...architectureCases(), ...withoutRectifiers()];
}

/** Files that parameters name lie in the reference's folder. */
function filesOf(folder: string, params: Params): Params {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      typeof value === "string" && /\.(npy|png)$/.test(value) ? join(root, folder, value) : value,
    ]),
  );
}

/**
 * Of maps the reference's numbers are put right where they are made; DeepLIFT keeps its rules written in PyTorch beside
 * Captum's numbers.
 */
function correctedOf(
  { deviates, file, rules }: { deviates?: string; file?: string; rules?: string },
  folder: string,
): Pick<AgreementCase, "corrected"> {
  const corrected = deviates === undefined ? undefined : (rules ?? (folder === "cams" ? file : undefined));
  return corrected === undefined ? {} : { corrected };
}

/** PyTorch's own numbers of the architectures' networks: logits, input gradients, activations and Grad-CAM of them. */
function architectureCases(): AgreementCase[] {
  return loadArchitectures().flatMap(({ network, exporter, target, logits, gradient, features }) => {
    const common = { folder: "architectures", network, exporter, target, params: {} };
    return [
      { ...common, technique: "predictions", values: [...logits] },
      gradientCase({ ...common, shape: gradient.dims }),
      ...features.flatMap(({ value, module, dims, activation, gradCam }): AgreementCase[] => [
        ...(activation && dims.slice(2).some((dim) => dim > 1)
          ? [{ ...common, technique: "feature-maps", layer: value, file: `${network}.${module}.npy` }]
          : []),
        ...(gradCam
          ? [{ ...common, technique: "grad-cam", layer: value, values: [...gradCam.data], shape: gradCam.dims }]
          : []),
      ]),
    ];
  });
}

function gradientCase(common: Omit<AgreementCase, "technique">): AgreementCase {
  return { ...common, technique: "saliency", params: { absolute: false }, file: `${common.network}.gradient.npy` };
}

interface CatReference {
  readonly target: number;
  readonly logits: string;
  readonly gradient: string;
  readonly cam: { readonly file: string };
  readonly gradCam: readonly { readonly value: string; readonly file: string }[];
  readonly values: readonly { readonly value: string; readonly file: string }[];
  readonly channels: readonly { readonly value: string; readonly channel: number; readonly file: string }[];
}

/** The sample's references were made with the first ones, in a list of their own. */
function catCases(): AgreementCase[] {
  const stored = JSON.parse(readFileSync(join(root, "efficientnet-cat/reference.json"), "utf8")) as CatReference;
  const common = { folder: "efficientnet-cat", network: "efficientnet-lite0", target: stored.target, params: {} };
  const at = (technique: string, places: readonly { value: string; file: string; channel?: number }[]) =>
    places.map(({ value, ...rest }): AgreementCase => ({ ...common, technique, layer: value, ...rest }));
  return [
    { ...common, technique: "predictions", file: stored.logits },
    { ...common, technique: "saliency", params: { absolute: false }, file: stored.gradient, shape: [1, 3, 224, 224] },
    { ...common, technique: "cam", params: { relu: false }, file: stored.cam.file },
    ...at("grad-cam", stored.gradCam).map((one) => ({ ...one, shape: [7, 7] })),
    ...at("feature-maps", [...stored.values, ...stored.channels]),
  ];
}

/** Methods that change rectifiers alone are, in a network that has none, the gradient: so are Captum's. */
function withoutRectifiers(): AgreementCase[] {
  return loadArchitectures()
    .filter(({ network }) => network === "vision-transformer")
    .flatMap(({ network, exporter, target }) =>
      ["guided-backprop", "deconvolution"].map((technique) => ({
        ...gradientCase({ folder: "architectures", network, exporter, target, params: {} }),
        technique,
        params: {},
      })),
    );
}

export interface Fed {
  readonly model: string;
  readonly inputs: Readonly<Record<string, string>>;
}

/** A network's file and input, made in `scratch`. */
export async function networkOf(
  { network, exporter }: Pick<AgreementCase, "network" | "exporter">,
  scratch: string,
): Promise<Fed> {
  if (network === "efficientnet-lite0")
    return {
      model: resolve("samples/efficientnet-lite0.onnx"),
      inputs: { "": join(root, "efficientnet-cat/input.npy") },
    };
  if (network === "bert") {
    return {
      model: join(root, `bert/bert-${exporter ?? "dynamo"}.onnx`),
      inputs: { input_ids: join(root, "bert/ids.npy"), attention_mask: join(root, "bert/mask.npy") },
    };
  }
  const known = loadArchitectures().filter((one) => one.network === network);
  const one = known.find((candidate) => candidate.exporter === (exporter ?? "dynamo")) ?? known[0];
  if (!one) throw new Error(`There is no network "${network}" in test/reference/architectures.`);
  return {
    model: await materialise(one.name, scratch),
    inputs: { "": writeArray(scratch, `${network}.npy`, one.input.dims, one.input.data) },
  };
}

export function expectedOf({ folder, technique, file, values, part }: AgreementCase): Float32Array {
  const stored = values ? Float32Array.from(values) : numbers(join(root, folder, file!));
  // Of classes the references hold logits; a prediction is a probability.
  const all = technique === "predictions" ? softmax(stored) : stored;
  if (!part) return all;
  const size = all.length / part.count;
  return all.slice(part.index * size, (part.index + 1) * size);
}

function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const parts = Float64Array.from(logits, (value) => Math.exp(value - largest));
  const sum = parts.reduce((a, b) => a + b, 0);
  return Float32Array.from(parts, (part) => part / sum);
}

export function deviationOf({ folder, deviation }: AgreementCase): Float32Array {
  return numbers(join(root, folder, deviation!));
}

function numbers(path: string): Float32Array {
  return Float32Array.from(decodeNpy(readFileSync(path), path).data as ArrayLike<number>);
}

/**
 * The largest difference over the largest expected value; infinite where the sizes differ, or one has a number where
 * the other has none. A single channel may be dead: its numbers are zero, and so are ours.
 */
export function errorOf(ours: Float32Array, one: AgreementCase): number {
  const expected = expectedOf(one);
  const compared = comparedOf(ours, one, expected.length);
  if (compared.length !== expected.length) return Infinity;
  let [worst, largest] = [0, one.largest ?? 0];
  for (const [i, value] of expected.entries()) {
    if (Number.isNaN(value) !== Number.isNaN(compared[i])) return Infinity;
    if (Number.isNaN(value)) continue;
    worst = Math.max(worst, Math.abs(compared[i] - value));
    largest = Math.max(largest, Math.abs(value));
  }
  if (largest > 0) return worst / largest;
  if (one.channel === undefined) throw new Error(`${one.folder}/${one.file} is all zero.`);
  return worst;
}

/** Those of our numbers that the reference kept. */
function comparedOf(ours: Float32Array, { stride, channel }: AgreementCase, count: number): Float32Array {
  if (channel !== undefined) return ours.subarray(channel * count, (channel + 1) * count);
  return stride ? ours.filter((_, i) => i % stride === 0) : ours;
}
