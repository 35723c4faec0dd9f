import type * as vscode from "vscode";
import type { BarItem, BarsArtifact } from "../../protocol/artifacts.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import { nounOf, parseTarget, regionText, targetOfItem, TOP_PREDICTION, usualOutput } from "../../protocol/target.ts";
import type { PanelState } from "../../protocol/panel.ts";
import { predictionsOf } from "../../protocol/result.ts";
import type { Facts } from "../model-facts.ts";
import type { Services } from "../services.ts";
import { back, pick, separator } from "./pick.ts";
import { formatShare } from "../../protocol/format.ts";

const meanwhile = "type a class to continue right away, Escape cancels";

interface TargetItem extends vscode.QuickPickItem {
  readonly target?: TargetSpec;
  /** Leads on to the two lists of a difference. */
  readonly difference?: true;
}

export interface ChosenTarget {
  readonly target: TargetSpec;
  readonly label: string;
}

interface Step {
  readonly title: string;
  readonly step?: number;
  readonly total?: number;
}

/**
 * Lets the person choose what is explained. First stands whatever the model predicts for each input, so that Enter never
 * means a class that nobody chose; then the model's top predictions with their probabilities (the model is run for them),
 * the difference of two, any class by name, or any index by typing it. Gives the target and its name, `back`, or undefined
 * when they left it.
 */
export async function pickTarget(
  services: Services,
  state: PanelState,
  facts: Facts,
  step: Step,
): Promise<ChosenTarget | typeof back | undefined> {
  for (;;) {
    const chosen = await pickOne(services, state, facts, step, "difference");
    if (!chosen || chosen === back) return chosen as typeof back | undefined;
    if (!chosen.difference) return chosen.target && { target: chosen.target, label: chosen.label };
    const difference = await pickDifference(services, state, facts, step.title);
    if (difference !== back) return difference;
  }
}

/** Two lists, one after the other: the score is the first's minus the second's. */
async function pickDifference(
  services: Services,
  state: PanelState,
  facts: Facts,
  title: string,
): Promise<ChosenTarget | typeof back | undefined> {
  for (;;) {
    const steps = { title: `${title}: difference of two`, total: 2 };
    const first = await pickOne(services, state, facts, { ...steps, step: 1 }, "first");
    if (!first || first === back || !first.target) return first === back ? back : undefined;
    const second = await pickOne(services, state, facts, { ...steps, step: 2 }, "second");
    if (second === back) continue;
    const against = second?.target?.index;
    return against && { target: { ...first.target, against }, label: `${first.label} − ${second.label}` };
  }
}

type Role = "difference" | "first" | "second";

const QUESTIONS: Readonly<Record<Role, string>> = {
  difference: "What should be explained? Enter a name or an index for any other class",
  first: "Which class? Its score is the one that is subtracted from",
  second: "Minus which class? Its score is subtracted",
};

async function pickOne(
  services: Services,
  state: PanelState,
  facts: Facts,
  step: Step,
  role: Role,
): Promise<TargetItem | typeof back | undefined> {
  const { classes } = facts.recipe;
  const output = state.target.output;
  const dims = facts.model.outputs.find(({ name }) => name === (output ?? usualOutput(facts.model)))?.dims;
  const item = (label: string, index: readonly number[], description: string): TargetItem => ({
    label,
    description,
    target: { ...(output ? { output } : {}), index },
  });
  const first: TargetItem[] =
    role === "second"
      ? []
      : [
          {
            label: TOP_PREDICTION,
            description: "whatever the model predicts for each input",
            target: output ? { output } : {},
          },
          ...(role === "difference"
            ? [{ label: "Difference of two…", description: "one score minus another", difference: true as const }]
            : []),
        ];
  // Class names belong to the first output.
  const named =
    !output || output === usualOutput(facts.model)
      ? classes.map((name, index) => item(name, [index], `class ${index}`))
      : [];
  const all = named.length ? [separator<TargetItem>("all classes", {}), ...named] : [];
  return pick<TargetItem>({
    ...step,
    placeholder: role === "second" ? `Running the model … ${meanwhile}` : QUESTIONS[role],
    items: [...first, ...all],
    typed: (text) => {
      const typed = typedTarget(text, named, item, dims);
      return role === "difference" || typed?.target?.index ? typed : undefined;
    },
    later: async (signal, say) => {
      try {
        const bars = await predict(services, state, signal, (text) => say(`${text} … ${meanwhile}`));
        const top = (bars?.items ?? []).map((prediction): TargetItem => {
          const target = { ...(output ? { output } : {}), ...targetOfItem(bars!.dims, prediction) };
          return { label: prediction.label, description: predictionText(bars!, prediction), target };
        });
        const usable = role === "difference" ? top : top.filter(({ target }) => target?.index && !target.not);
        return {
          items: [...first, separator<TargetItem>("predicted for this input", {}), ...usable, ...all],
          placeholder: QUESTIONS[role],
        };
      } catch (error) {
        if (signal.aborted) throw error;
        const message = error instanceof Error ? error.message : String(error);
        return {
          items: [
            ...first,
            { label: "$(warning) The model could not be run", detail: message, alwaysShow: true },
            ...all,
          ],
          placeholder: "Type a class name or index",
        };
      }
    },
  });
}

/** "39.6%, class 285": beside a prediction in a list. */
export function predictionText(bars: BarsArtifact, { value, index }: BarItem): string {
  return `${bars.share ? formatShare(value) : value.toPrecision(4)}${index < 0 ? "" : `, ${nounOf(bars)} ${index}`}`;
}

async function predict(
  services: Services,
  state: PanelState,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<BarsArtifact | undefined> {
  const { target: _, layer: __, ...rest } = state;
  const asked: PanelState = {
    ...rest,
    technique: "predictions",
    target: state.target.output ? { output: state.target.output } : {},
  };
  const { result } = await services.runner.run(asked, { signal, onProgress: ({ text }) => say(text) });
  return predictionsOf(result);
}

/** "285", "3,17,20" in a dense output, or a region of it, "15,10:20,:"; a name's own item is already in the list. */
function typedTarget(
  text: string,
  named: readonly TargetItem[],
  item: (label: string, index: readonly number[], description: string) => TargetItem,
  dims: readonly (number | string | null)[] | undefined,
): TargetItem | undefined {
  const typed = parseTarget(text, dims);
  if (typeof typed === "string") return undefined;
  if (typed.region) {
    const whole = item(`Sum over ${regionText(typed.region)}`, [], "a region of the output");
    return {
      ...whole,
      alwaysShow: true,
      target: { ...(whole.target?.output ? { output: whole.target.output } : {}), region: typed.region },
    };
  }
  if (typed.not) {
    const other = item(
      `The other of the two classes (${text.trim()})`,
      typed.index!,
      "the negative class of a single sigmoid output",
    );
    return { ...other, alwaysShow: true, target: { ...other.target, not: true } };
  }
  const index = typed.index!;
  const name = index.length === 1 ? named[index[0] as number]?.label : undefined;
  return { ...item(name ?? `Index ${index.join(", ")}`, index, `class ${index.join(", ")}`), alwaysShow: true };
}
