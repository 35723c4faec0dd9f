import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import manifest from "../../../package.json" with { type: "json" };
import type { Provenance } from "../../protocol/result.ts";
import type { Job } from "../../protocol/job.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { JobContext } from "./context.ts";
import type { PreparedInput } from "./prepared-input.ts";
import type { SampleTechnique, Technique } from "./technique.ts";

export const VERSION: string = manifest.version;

const hashes = new WeakMap<LoadedModel, string>();
const PIECE = 1 << 22;
/** Of larger files only the beginning, the end and the size are hashed, so that nobody waits for it. */
const WHOLE = 2 ** 28;

/** SHA-256 of a model's file (external data apart), computed once; "partial:" in front for files over 256 MiB. */
function hashOf(model: LoadedModel): string {
  let hash = hashes.get(model);
  if (hash === undefined) {
    hash = hashFile(model.open.path);
    hashes.set(model, hash);
  }
  return hash;
}

function hashFile(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE);
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const add = (from: number, to: number): void => {
      for (let at = from; at < to;) {
        const read = readSync(file, piece, 0, Math.min(PIECE, to - at), at);
        if (read === 0) return;
        hash.update(piece.subarray(0, read));
        at += read;
      }
    };
    if (size > WHOLE) {
      add(0, WHOLE / 4);
      add(size - WHOLE / 4, size);
      return `partial:${hash.update(String(size)).digest("hex")}`;
    }
    add(0, size);
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}

/** How a result was made. */
export function modelProvenance(job: Job, technique: Technique, model: LoadedModel, onnxruntime: string): Provenance {
  return {
    technique: technique.info.id,
    model: { name: model.description.name, hash: hashOf(model) },
    recipe: job.recipe,
    params: job.params,
    versions: { neuralLoupe: VERSION, onnxruntime },
    ...threadsOf(model),
  };
}

/** How a result about samples was made. */
export function provenanceOf(
  job: Job,
  { info }: SampleTechnique,
  fed: PreparedInput,
  context: JobContext,
  params: Provenance["params"],
  onnxruntime: string,
): Provenance {
  const samples = Object.values(fed.samples);
  return {
    technique: info.id,
    model: { name: fed.model.description.name, hash: hashOf(fed.model) },
    // Several inputs may share a file.
    input: {
      name: [...new Set(samples.map(({ name }) => name))].join(", "),
      hash: [...new Set(samples.map(({ hash }) => hash))].join(","),
    },
    ...(fed.filesRead.size > 0 ? { files: Array.from(fed.filesRead, ([name, hash]) => ({ name, hash })) } : {}),
    recipe: job.recipe,
    ...(info.needs.target
      ? {
          target: {
            output: context.output.name,
            index: context.target.index,
            label: context.target.label,
            ...(context.target.against ? { against: context.target.against } : {}),
            ...(context.target.region ? { region: context.target.region } : {}),
            ...(context.target.negated ? { not: true as const } : {}),
          },
        }
      : {}),
    output: {
      name: context.output.name,
      kind: context.output.meaning.kind,
      why: context.output.meaning.why,
      batched: context.output.dims.length === context.output.shape.length,
      ...(context.output.meaning.form ? { form: context.output.meaning.form } : {}),
    },
    ...(context.usedScore ? { score: { kind: context.usedScore.kind, value: context.usedScore.value } } : {}),
    ...(context.usedLayers.length > 0 ? { layer: context.usedLayers.join(", ") } : {}),
    ...(job.explain || fed.explained.length > 1 ? { explained: fed.explained.map(({ input }) => input) } : {}),
    ...(fed.notExplained.length > 0 ? { held: fed.notExplained.map(({ input }) => input) } : {}),
    params,
    versions: { neuralLoupe: VERSION, onnxruntime },
    ...threadsOf(fed.model),
  };
}

/** With 0 threads ONNX Runtime chooses: at most as many as there are processors. */
function threadsOf({ threads }: Pick<LoadedModel, "threads">): Pick<Provenance, "threads" | "processors"> {
  return threads ? { threads } : { threads: 0, processors: availableParallelism() };
}
