import { captured, neededFor } from "../../autodiff/differentiate.ts";
import { NotFiniteError, UsageError } from "../../model/errors.ts";
import type { Provenance } from "../../protocol/result.ts";
import type { Job } from "../../protocol/job.ts";
import type { ParamValue } from "../../protocol/technique.ts";
import { predictionBars } from "../predictions/predictions.ts";
import { JobContext, type ContextOptions } from "./context.ts";
import { brokenValues, whereNotFinite } from "./diagnose.ts";
import { inputFault } from "./input-faults.ts";
import { errorInPeoplesNames, listed } from "./input-name.ts";
import { alone, inputGroups, preparedFor, severalInputs, together, withGradients } from "./joint-input.ts";
import type { OutputHints } from "./output.ts";
import { ofInputs } from "./pictures.ts";
import type { PreparedInput } from "./prepared-input.ts";
import type { RunEnvironment } from "./run.ts";
import { entriesOf, meanOutput, stackedOutput } from "./samples.ts";
import type { SampleTechnique, TechniqueOutput } from "./technique.ts";
import { unfitChecks } from "../checks/unfit.ts";
import { whyZero } from "./zero.ts";

export interface Done {
  readonly output: TechniqueOutput;
  readonly context: JobContext;
}

/** A technique's runs over a job's samples. */
export class SampleRun {
  readonly notes = new Set<string>();
  /** Which checks cannot judge the first sample's result, and why. */
  unfitChecks: Awaited<ReturnType<typeof unfitChecks>>;
  /** Whether the job runs on its inputs one after another. */
  private several = false;
  private readonly without: { readonly input: string; readonly reason: string }[] = [];

  constructor(
    private readonly technique: SampleTechnique,
    private readonly job: Job & {
      readonly hints: OutputHints;
      readonly params: Provenance["params"] & Record<string, ParamValue>;
    },
    private readonly env: RunEnvironment,
  ) {}

  /**
   * All explained inputs in the technique's way: at once, one after another with the others held, or the leading one
   * alone.
   */
  async inputs(given: PreparedInput, others: readonly PreparedInput[]): Promise<Done> {
    const { info } = this.technique;
    const way = severalInputs(info);
    const dependent =
      given.explained.length < 2 || way === "leading" || !info.needs.target ? undefined : await this.dependent(given);
    const [fed, ...more] = dependent
      ? [given, ...others].map((one) => ({
          ...one,
          explained: one.explained.filter(({ input }) => dependent.has(input)),
        }))
      : [given, ...others];
    if (way !== "each" || fed.explained.length < 2) {
      const about = (one: PreparedInput): PreparedInput =>
        way === "each" && one.explained.length === 1 ? alone(one, one.explained[0]) : preparedFor(one, info);
      return this.whole(about(fed), more.map(about));
    }
    this.several = true;
    const done: (Done & { readonly input: string; readonly names: readonly string[] })[] = [];
    const refused: UsageError[] = [];
    for (const group of inputGroups(info, fed)) {
      const names = group.map((which) => fed.explained[which].input);
      const about = (one: PreparedInput): PreparedInput =>
        group.length > 1
          ? together(
              one,
              group.map((which) => one.explained[which]),
            )
          : alone(one, one.explained[group[0]]);
      try {
        done.push({ input: listed(names), names, ...(await this.whole(about(fed), more.map(about))) });
      } catch (error) {
        // What cannot be done for one input (to fill a row from its neighbours) is for the others; a setting that does
        // not fit is a person's to change.
        if (!(error instanceof UsageError) || info.params.some(({ name }) => name === error.where)) throw error;
        refused.push(error);
        for (const input of names) this.without.push({ input, reason: error.message.replace(/\.$/, "") });
      }
    }
    if (done.length === 0) throw refused[0];
    this.notes.add(
      changedInputs(
        done.map(({ names }) => names),
        refused.length === 0,
      ),
    );
    return {
      context: done[0].context,
      output: {
        raw: done[0].output.raw,
        inputs: done.flatMap(({ input, output }) =>
          (output.inputs?.length ?? 0) > 1
            ? output.inputs!
            : [
                {
                  name: input,
                  dims: (output.inputs?.[0] ?? output.raw).dims,
                  values: (output.inputs?.[0] ?? output.raw).values,
                },
              ],
        ),
        views: ofInputs(done.map(({ input, output }) => ({ input, artifacts: output.views }))),
      },
    };
  }

  /**
   * The inputs that the chosen output is computed from; undefined where that is all of them, or none. Others are not
   * explained, and named.
   */
  private async dependent(fed: PreparedInput): Promise<ReadonlySet<string> | undefined> {
    const { output } = await this.contextOf(fed);
    const { graph } = fed.whole.model.model;
    const taken = new Set(
      neededFor([output.value], graph.nodes)
        .flatMap((node) => [...node.inputs, ...captured(node)])
        .concat(output.value),
    );
    const found = fed.explained.filter(({ input }) => taken.has(input));
    if (found.length === 0 || found.length === fed.explained.length) return undefined;
    for (const { input } of fed.explained)
      if (!taken.has(input)) this.without.push({ input, reason: `the output "${output.name}" does not depend on it` });
    return new Set(found.map(({ input }) => input));
  }

  /** What is not explained, by what the model is, the technique, and the output. */
  notExplained(fed: PreparedInput): PreparedInput["notExplained"] {
    const integers =
      severalInputs(this.technique.info) === "together" && withGradients(fed.explained).length > 0
        ? fed.explained.filter(({ segments }) => segments.length === 0)
        : [];
    const leading =
      severalInputs(this.technique.info) === "leading" && this.technique.info.group === "cams"
        ? fed.explained.filter(({ shown }) => shown !== fed.input)
        : [];
    return [
      ...fed.notExplained,
      ...this.without,
      ...integers.map(({ input, shown }) => ({
        input,
        reason: `${shown.noGradient ?? "integers"}; only methods that replace its values can explain it`,
      })),
      ...leading.map(({ input }) => ({
        input,
        reason: `the map belongs to "${fed.explained.find(({ shown }) => shown === fed.input)?.input ?? fed.input.name}"`,
      })),
    ];
  }

  /** One sample, the entries of a batch, or the mean over several files. The context is the first sample's. */
  async whole(fed: PreparedInput, more: readonly PreparedInput[]): Promise<Done> {
    if (more.length === 0) return this.batch(fed);
    const done = await this.each([fed, ...more], "Sample");
    this.notes.add(
      `Mean over ${done.length} samples${this.job.target?.index || this.job.target?.region || !this.technique.info.needs.target ? "" : ", each explained for its own largest class"}.`,
    );
    return { output: meanOutput(done.map(({ output }) => output)), context: done[0].context };
  }

  private async batch(fed: PreparedInput): Promise<Done> {
    if (!this.technique.info.needs.target || (fed.input.dims[0] ?? 1) < 2 || fed.input.layout?.spatial.includes(0))
      return this.one(fed);
    const context = await this.contextOf(fed);
    const entries = await entriesOf(fed, context.output);
    if (!entries) {
      if (context.output.dims[0] === fed.input.dims[0])
        this.notes.add(
          `The model's batch is fixed at ${fed.input.dims[0]}, or its entries depend on each other: the first entry's score is explained.`,
        );
      return this.one(fed);
    }
    const done = await this.each(entries, "Entry");
    this.notes.add(`The input is a batch of ${entries.length}: the array has each entry, the image shows their mean.`);
    return { output: stackedOutput(done.map(({ output }) => output)), context: done[0].context };
  }

  /** All at the layer that the first one took. */
  private async each(all: readonly PreparedInput[], word: string): Promise<Done[]> {
    const done: Done[] = [];
    for (const [index, fed] of all.entries()) {
      done.push(
        await this.one(
          fed,
          { label: `${word} ${index + 1} of ${all.length}`, from: index / all.length, part: 1 / all.length },
          done[0]?.context.usedLayer,
        ),
      );
    }
    return done;
  }

  private async one(
    fed: PreparedInput,
    place?: { readonly label: string; readonly from: number; readonly part: number },
    layer?: string,
  ): Promise<Done> {
    this.env.signal.throwIfAborted();
    this.env.progress({
      ...(place ? { fraction: place.from } : {}),
      text: place ? `${place.label}: ${this.technique.info.title}` : `Running ${this.technique.info.title}`,
    });
    const progress: RunEnvironment["progress"] = ({ fraction, text }) =>
      this.env.progress(
        place
          ? { fraction: place.from + (fraction ?? 0) * place.part, text: `${place.label}: ${text}` }
          : { fraction, text },
      );
    // Views of one sample among several are not what the job shows.
    const show = place || this.several ? undefined : this.partialOf(fed);
    const context = await this.contextOf(fed, progress, layer, show);
    this.env.signal.throwIfAborted();
    const output = await this.technique.run(context).catch(async (error: unknown) => {
      const found =
        error instanceof NotFiniteError && !inputFault(fed.samples)
          ? await whereNotFinite(context).catch(() => undefined)
          : undefined;
      throw errorInPeoplesNames(
        context.input,
        found === undefined ? error : (error as NotFiniteError).at(found.place, found.hint),
      );
    });
    this.env.signal.throwIfAborted();
    if (context.zeroResult) {
      const zero = context.zeroResult;
      // Looking for a reason must not cost the result: a baseline may go where the layer is not.
      context.note(
        await whyZero(context, zero, this.technique.info.needs.gradient).catch(
          () => `The result at "${zero.value}" is zero everywhere.`,
        ),
      );
    }
    const shown = {
      isZero: context.zeroResult !== undefined,
      ...(["checks", "predictions"].includes(this.technique.info.group) ? {} : { result: output.raw.values }),
    };
    const broken = await brokenValues(context, shown).catch(() => undefined);
    if (broken !== undefined) context.note(broken);
    for (const note of context.notes) this.notes.add(note);
    // Of several inputs, one after another, a check may judge one and not the next.
    if (!this.several)
      this.unfitChecks ??= await unfitChecks(this.technique, context, output.raw).catch(() => undefined);
    return { output, context };
  }

  /** Sends views on while the job runs. */
  private partialOf(fed: PreparedInput): ContextOptions["show"] {
    return (views, context) => {
      this.env.progress({
        ...context.lastProgress,
        partial: { views, context: { pictures: fed.pictures, predictions: predictionBars(context, 5) } },
      });
    };
  }

  private contextOf(
    fed: PreparedInput,
    progress = this.env.progress,
    layer = this.job.layer,
    show?: ContextOptions["show"],
  ): Promise<JobContext> {
    const { hints, target, params } = this.job;
    return JobContext.create(fed, {
      info: this.technique.info,
      hints,
      target,
      layer,
      params,
      signal: this.env.signal,
      progress,
      ...(show ? { show } : {}),
    });
  }
}

/**
 * What was changed at a time: of several inputs each, and those that go at once, as the columns of one table do. `all`:
 * none was left out.
 */
function changedInputs(groups: readonly (readonly string[])[], all: boolean): string {
  if (groups.length === 1 && all)
    return `Inputs are changed together, as columns of one table: ${groups[0].join(", ")}.`;
  const said = groups.map((names) => (names.length > 1 ? `${listed(names)} together` : names[0]));
  return `Inputs are changed one at a time, with the others held fixed: ${said.join(groups.some(({ length }) => length > 1) ? "; " : ", ")}.`;
}
