import { choiceParam } from "../framework/params.ts";
import type { ParamsOf } from "../../protocol/technique.ts";
import { UsageError } from "../../model/errors.ts";
import type { ParamSpec, ParamValue } from "../../protocol/technique.ts";
import { checkParams } from "../framework/params.ts";
import type { SampleContext, SampleTechnique, TechniqueOutput, Variation } from "../framework/technique.ts";

/**
 * Whether a method's result can be checked: it says what a score comes from, or, as Eigen-CAM does, what the model
 * looks at.
 */
export function isAttribution({ info }: SampleTechnique): boolean {
  return info.group === "cams" || (info.needs.target && !["predictions", "activations", "checks"].includes(info.group));
}

/** Which method is checked. */
export function methodParam(methods: readonly SampleTechnique[]) {
  const options = methods.map(({ info }) => [info.id, info.title] as const);
  return choiceParam<"method", string>("method", "Method", options, "The method to check.");
}

export const OPTIONS = {
  type: "text",
  name: "options",
  label: "Method options",
  default: "",
  pattern: String.raw`(?:\s*[a-z_]+\s*=[^;]*(?:;\s*[a-z_]+\s*=[^;]*)*;?)?\s*`,
  problem: "NAME=VALUE pairs separated by semicolons, such as steps=20; rule=riemann_left.",
  help: "Options of the method that differ from its defaults: NAME=VALUE pairs separated by semicolons.",
} as const satisfies ParamSpec;

/** "steps=20; rule=riemann_left" -> by name. */
export function parseOptions(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(";")
      .filter((part) => part.trim() !== "")
      .map((part) => {
        const at = part.indexOf("=");
        if (at < 1)
          throw new UsageError(
            `"options" has ${part.trim()}, which is no NAME=VALUE pair.`,
            undefined,
            OPTIONS.problem,
          );
        return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
      }),
  );
}

/** What every check is asked with. */
export type CheckContext = SampleContext<ParamsOf<readonly [ReturnType<typeof methodParam>, typeof OPTIONS]>>;

/** A method under test: its result for the sample, for changed values, for another model, all at the same layer. */
export class CheckedMethod {
  private layer: string | undefined;
  private readonly params: Readonly<Record<string, ParamValue>>;

  constructor(
    private readonly context: CheckContext,
    readonly technique: SampleTechnique,
  ) {
    this.params = checkParams(technique.info, parseOptions(context.params.options));
  }

  get title(): string {
    return this.technique.info.title;
  }

  /** The method's context for the sample: what its score is. */
  question(): SampleContext {
    return this.context.vary({ params: this.params, progress: () => undefined });
  }

  /** The value that the method looked at, once it ran, where it looks at one. */
  get usedLayer(): string | undefined {
    return this.layer;
  }

  /** The method's raw result; what it notes about the sample itself is handed on. */
  async explain(
    change: Pick<Variation, "values" | "model"> = {},
    progress: NonNullable<Variation["progress"]> = () => undefined,
  ): Promise<TechniqueOutput["raw"]> {
    this.context.signal.throwIfAborted();
    const asked = this.context.vary({
      ...change,
      params: this.params,
      progress,
      ...(this.layer === undefined ? {} : { layer: this.layer }),
    });
    const { raw } = await this.technique.run(asked);
    if (!change.values && !change.model) for (const note of asked.notes) this.context.note(note);
    this.layer ??= asked.usedLayer;
    return raw;
  }
}

/** The method that the parameters name. */
export function methodOf(context: CheckContext, methods: readonly SampleTechnique[]): CheckedMethod {
  const id = context.params.method;
  const found = methods.find(({ info }) => info.id === id);
  if (!found)
    throw new UsageError(
      `There is no method "${id}" to check.`,
      "method",
      `Available methods: ${methods.map(({ info }) => info.id).join(", ")}.`,
    );
  return new CheckedMethod(context, found);
}

/** Passes a method's progress on as a part of the whole. */
export function within(
  context: SampleContext,
  from: number,
  part: number,
  label: string,
): NonNullable<Variation["progress"]> {
  return (fraction, text) => context.progress(from + (fraction ?? 0) * part, `${label}: ${text}`);
}
