import { parse } from "node:path";
import { ModelError } from "../model/errors.ts";
import { isFloat, type DataType } from "../model/graph.ts";
import type { WholeResult } from "../protocol/result.ts";
import type { ExportReport, ExportRequest } from "../protocol/export.ts";
import type { LoadedModel } from "../runtime/models.ts";
import type { Traced } from "../runtime/kept-traces.ts";
import type { Feeds, TensorValue } from "../runtime/ort.ts";
import { yieldToEventLoop } from "../techniques/framework/event-loop.ts";
import { type PreparedInput } from "../techniques/framework/prepared-input.ts";
import { VERSION } from "../techniques/framework/provenance.ts";
import { findTechnique, type RunEnvironment } from "../techniques/framework/run.ts";
import { generalise, type Part } from "./batch.ts";
import { buildExplanation, type Built, type Plan } from "./build.ts";
import { batchFeeds, batchedInputs, borders, metadata, type Batch } from "./border.ts";
import { writeFiles } from "./files.ts";
import { finish } from "./finish.ts";
import { tritonConfig } from "./triton.ts";
import { verify } from "./verify.ts";

/** Batch sizes to compare, one pair after another: small numbers may be equal to something by chance. */
const PAIRS = [
  [2, 3],
  [5, 7],
] as const;
/**
 * Of all values together: where ONNX Runtime sums in another order (its fastest layouts are not for loops) some unit
 * falls on the other side of its edge, which changes a few values by more than rounding.
 */
const TOLERANCE = 0.02;

/** What is exported: a technique's result for one sample, and how it is made in a graph. */
export interface Subject {
  /** The file's model. */
  readonly model: LoadedModel;
  /** It, from its own inputs on, with a loss added where that is explained. */
  readonly whole: LoadedModel;
  readonly fed: PreparedInput;
  readonly plan: Omit<Plan, "outputs" | "targetInput">;
  readonly result: WholeResult;
}

/** A graph that is ready to be written. */
interface Candidate {
  readonly part: Part;
  readonly built: readonly Built[];
  readonly traced: Traced;
  readonly batch: Batch;
  readonly plan: Plan;
}

/** Builds the graph for any batch size, else for one, and writes the first that gives the result again. */
export class Export {
  private readonly feeds: Feeds;
  private readonly main: string;
  private readonly batched: ReadonlySet<string>;

  constructor(
    private readonly request: ExportRequest,
    private readonly env: RunEnvironment,
    private readonly subject: Subject,
  ) {
    const { samples, input } = subject.fed;
    this.feeds = Object.fromEntries(
      Object.entries(samples).map(([name, { dataType, dims, data }]): [string, TensorValue] => [
        name,
        { dataType: dataType as DataType, dims, data },
      ]),
    );
    this.main = input.tokensOf ?? input.name;
    this.batched = batchedInputs(subject.model.description.inputs, this.feeds, this.main);
  }

  async run(): Promise<ExportReport> {
    const size = this.feeds[this.main].dims[0] ?? 1;
    let why = "the model's own batch axis is fixed";
    if (this.batched.has(this.main)) {
      const any = await this.anyBatch();
      if (typeof any === "string") why = any;
      else {
        const report = await this.write(any);
        if (typeof report !== "string") return report;
        why = report;
      }
    }
    const report = await this.write(await this.fixedBatch(size, why));
    if (typeof report === "string")
      throw new ModelError(
        `The exported model does not reproduce the explanation of ${this.subject.plan.target.label}: ${report}.`,
        this.request.out,
        "Please report this, with the model if possible.",
      );
    return report;
  }

  /** The graph for any batch size; a sentence that says why there is none. */
  private async anyBatch(): Promise<Candidate | string> {
    let why = "";
    for (const sizes of PAIRS) {
      const made: { traced: Traced; plan: Plan; built: Built }[] = [];
      for (const size of sizes) {
        this.env.signal.throwIfAborted();
        const traced = await this.trace(batchFeeds(this.feeds, this.batched, size));
        if (typeof traced === "string") return traced;
        const dims = traced.specialised.g.shape(this.subject.plan.output);
        if (dims[0] !== size)
          return `its output "${this.subject.plan.output}" [${dims.join(", ")}] has no batch axis that grows with the input's`;
        const plan = this.planFor(traced, true);
        made.push({ traced, plan, built: buildExplanation(traced.specialised, plan, size) });
        await yieldToEventLoop();
      }
      const [first, second] = made.map(({ built }) => built);
      if (first.dims.get(first.attribution)![0] !== sizes[0]) return "its layer holds several rows for each sample";
      const part = generalise({
        first,
        second,
        sizes,
        batchOf: this.main,
        bytesOf: (tensor) => this.subject.model.open.bytesOf(tensor),
      });
      if (typeof part !== "string")
        return { part, built: [first, second], traced: made[0].traced, plan: made[0].plan, batch: { any: true } };
      why = part;
    }
    return why;
  }

  /** A model whose batch axis says that it is open may still be built for one size. */
  private async trace(feeds: Feeds): Promise<Traced | string> {
    try {
      return await this.subject.whole.traced(feeds);
    } catch (error) {
      if (error instanceof ModelError) {
        const node = /Name:\s*'([^']+)'/.exec(error.message)?.[1];
        return `it does not run with more than one sample${node === undefined ? "" : `: its node "${node}" has a fixed batch`}`;
      }
      throw error;
    }
  }

  private async fixedBatch(size: number, why: string): Promise<Candidate> {
    const traced = await this.subject.whole.traced(this.feeds);
    const rows =
      this.subject.plan.batched && traced.specialised.g.shape(this.subject.plan.output)[0] === size ? size : undefined;
    const plan = this.planFor(traced, rows !== undefined);
    const built = buildExplanation(traced.specialised, plan, rows);
    return { part: built, built: [built], traced, plan, batch: { any: false, size, why } };
  }

  private planFor({ specialised, trace }: Traced, rows: boolean): Plan {
    const { plan, model } = this.subject;
    const axes = specialised.g.shape(plan.output).length - 1;
    const choosable =
      this.request.target !== "fixed" && rows && axes > 0 && !plan.target.region && !plan.target.negated;
    const taken = new Set([...trace.dims.keys()]);
    return {
      ...plan,
      ...(choosable ? { targetInput: taken.has("target") ? "loupe_target" : "target" } : {}),
      outputs: model.description.outputs
        .map(({ name }) => name)
        .filter((name) => specialised.g.has(name) && name !== "" && trace.types.has(name)),
    };
  }

  private async write(candidate: Candidate): Promise<ExportReport | string> {
    const { model, plan, result, fed } = this.subject;
    const { part, traced, batch } = candidate;
    const edge = borders({ ...candidate, feeds: this.feeds, batched: this.batched, inputs: model.description.inputs });
    const axes = traced.specialised.g.shape(plan.output).length - 1;
    const { targetInput } = candidate.plan;
    const target =
      targetInput === undefined
        ? undefined
        : {
            name: targetInput,
            dims: axes > 1 ? ["targets", axes] : ["targets"],
            ...(this.request.target === "optional" ? { initial: plan.target.index } : {}),
          };
    const notes = this.notes(candidate, edge.notes);
    const written = finish({
      part,
      inputs: edge.inputs,
      outputs: edge.outputs,
      ...(target ? { target } : {}),
      model: { ...model.model, graph: { ...model.model.graph, sparseInitializers: traced.graph.sparseInitializers } },
      opset: traced.specialised.derivedOpset,
      version: VERSION,
      doc: `${findTechnique(result.provenance.technique).info.title} of ${result.provenance.model.name}, for ${plan.target.label}. ${notes.join(" ")}`,
      metadata: metadata(result, notes, batch),
    });
    this.env.progress({ text: "Checking the exported file" });
    let refused = "";
    try {
      const { files, size, checked } = await writeFiles(
        written,
        model.open,
        { out: this.request.out, weights: this.request.weights },
        async (path) => {
          const found = await verify({
            path,
            threads: model.threads,
            feeds: this.feeds,
            samples: this.feeds[this.main].dims[0] ?? 1,
            batched: this.batched,
            anyBatch: batch.any,
            attribution: edge.attribution,
            expected: result.arrays[0],
            signal: this.env.signal,
            ...(target && this.request.target === "required"
              ? { target: { name: target.name, index: plan.target.index, dims: axes } }
              : {}),
          });
          if (!(found.alone.overall <= TOLERANCE))
            refused = `its numbers differ from the technique's by ${found.alone.largest.toPrecision(2)} of the largest`;
          else if (found.inBatch && !(found.inBatch.overall <= TOLERANCE))
            refused = "samples in a batch influence each other";
          if (refused !== "") throw new Refused();
          return found;
        },
      );
      const report = {
        files,
        size,
        technique: result.provenance.technique,
        notes,
        difference: Math.max(checked.alone.largest, checked.inBatch?.largest ?? 0),
        inputs: [
          ...edge.inputs.map(shown),
          ...(target
            ? [
                {
                  name: target.name,
                  dataType: "int64",
                  dims: target.dims,
                  optional: this.request.target === "optional",
                },
              ]
            : []),
        ],
        outputs: edge.outputs.map(shown),
        batch: batch.any ? ("any" as const) : { size: batch.size, why: batch.why },
      };
      return { ...report, triton: tritonConfig(report, parse(this.request.out).name) };
    } catch (error) {
      if (error instanceof Refused) return refused;
      // A file that says any batch and then fails on two is as good as refused; one sample must run.
      if (batch.any && error instanceof ModelError && fed) return error.message.slice(0, 200);
      throw error;
    }
  }

  private notes({ batch, traced, built, plan }: Candidate, more: readonly string[]): string[] {
    const { fed, result } = this.subject;
    const types = Object.values(this.feeds)
      .map(({ dataType }) => dataType)
      .filter((type) => isFloat(type) && type !== "float32");
    return [
      ...(batch.any ? [] : [`The batch is fixed at ${batch.size}: ${batch.why}.`]),
      ...more,
      ...(built[0].samePath === undefined
        ? []
        : [
            'The model takes different paths for different inputs. The exported graph follows the path of the sample it was made from; its output "same_path" tells whether an input follows the same path.',
          ]),
      ...(types.length > 0
        ? [
            `Inputs and outputs are ${types[0]}, as in the model; everything in between, and the attribution, is computed in float32.`,
          ]
        : []),
      ...(fed.input.tokensOf === undefined
        ? []
        : [`The attribution is for "${fed.input.name}", the vectors looked up for "${fed.input.tokensOf}".`]),
      ...(plan.targetInput === undefined ? [`It explains ${plan.target.label} for every input.`] : []),
      ...(fed.notExplained.some(({ reason }) => reason === "another was chosen")
        ? [`It explains the input "${fed.explained[0].input}"; the others are held fixed.`]
        : []),
      ...traced.specialised.remarks,
      ...result.notes.filter((note) => /^Explains /.test(note)),
    ];
  }
}

class Refused extends Error {}

function shown({
  name,
  dataType,
  dims,
}: {
  name: string;
  dataType: string;
  dims: readonly (number | string | null)[];
}): ExportReport["inputs"][number] {
  return { name, dataType, dims: dims.map((dim) => dim ?? "?") };
}
