import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { decodeNpy } from "../../src/data/index.ts";
import type { InputFiles } from "../../src/protocol/job.ts";
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
  /** A value's name in that exporter's file; several for methods that average over layers. */
  readonly layer?: string | readonly string[];
  /**
   * float32 in C order: our raw numbers; with `stride`, every stride-th element of them, `largest` being the largest
   * magnitude of all.
   */
  readonly file?: string;
  readonly stride?: number;
  readonly largest?: number;
  /** Which of the arrays of equal size that the file holds after each other. */
  readonly part?: { readonly index: number; readonly count: number };
  /** A random method's: standard deviation of one draw, and how many draws are behind the reference's mean. */
  readonly deviation?: string;
  readonly draws?: number;
  /** The reference's exception, where it has no numbers. */
  readonly undefined?: string;
  /** How the reference departs from the paper; its numbers are then not ours, or `file` holds them put right. */
  readonly deviates?: string;
  /** The paper's numbers by other means, where the reference's (`file`) depart from it. */
  readonly corrected?: string;
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
  return [...listed, ...catCases(), ...gradientCases(), ...withoutRectifiers()];
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

/** PyTorch's input gradients of the architectures' networks. */
function gradientCases(): AgreementCase[] {
  return loadArchitectures().map(({ network, exporter, target }) => ({
    folder: "architectures",
    network,
    exporter,
    technique: "saliency",
    target,
    params: { absolute: false },
    file: `${network}.gradient.npy`,
  }));
}

/** The sample's references were made with the first ones, in a list of their own. */
function catCases(): AgreementCase[] {
  const stored = JSON.parse(readFileSync(join(root, "efficientnet-cat/reference.json"), "utf8")) as {
    target: number;
    gradient: string;
    cam: { file: string };
  };
  const common = { folder: "efficientnet-cat", network: "efficientnet-lite0", target: stored.target };
  return [
    { ...common, technique: "saliency", params: { absolute: false }, file: stored.gradient },
    { ...common, technique: "cam", params: { relu: false }, file: stored.cam.file },
  ];
}

/** Methods that change rectifiers alone are, in a network that has none, the gradient: so are Captum's. */
function withoutRectifiers(): AgreementCase[] {
  return gradientCases()
    .filter(({ network }) => network === "vision-transformer")
    .flatMap((one) => ["guided-backprop", "deconvolution"].map((technique) => ({ ...one, technique, params: {} })));
}

export interface Fed {
  readonly model: string;
  readonly inputs: InputFiles;
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

export function expectedOf({ folder, file, part }: AgreementCase): Float32Array {
  const values = numbers(join(root, folder, file!));
  if (!part) return values;
  const size = values.length / part.count;
  return values.slice(part.index * size, (part.index + 1) * size);
}

export function deviationOf({ folder, deviation }: AgreementCase): Float32Array {
  return numbers(join(root, folder, deviation!));
}

function numbers(path: string): Float32Array {
  return Float32Array.from(decodeNpy(readFileSync(path), path).data as ArrayLike<number>);
}

/** The largest difference over the largest expected value. */
export function errorOf(ours: Float32Array, one: AgreementCase): number {
  const expected = expectedOf(one);
  const compared = one.stride ? ours.filter((_, i) => i % one.stride! === 0) : ours;
  if (compared.length !== expected.length) return Infinity;
  const largest = one.largest ?? expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!(largest > 0)) throw new Error(`${one.folder}/${one.file} is all zero.`);
  return compared.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i])), 0) / largest;
}
