import type * as vscode from "vscode";
import type { BarItem, BarsArtifact } from "../../protocol/artifacts.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import { parseTarget, regionText, targetOfItem, usualOutput } from "../../protocol/target.ts";
import type { PanelState } from "../../protocol/panel.ts";
import { predictionsOf } from "../../protocol/result.ts";
import type { Facts } from "../model-facts.ts";
import type { Services } from "../services.ts";
import { back, pick, separator } from "./pick.ts";
import { formatShare } from "../../protocol/format.ts";

interface TargetItem extends vscode.QuickPickItem {
  readonly target?: TargetSpec;
}

const meanwhile = "type a class to continue right away, Escape cancels";

/**
 * Lets the person choose what is explained: the model's top predictions with their probabilities (the model is run for
 * them), any class by name, or any index by typing it. Gives the target and its name, `back`, or undefined when they
 * left it.
 */
export async function pickTarget(
  services: Services,
  state: PanelState,
  facts: Facts,
  step: { title: string; step?: number; total?: number },
): Promise<{ target: TargetSpec; label: string } | typeof back | undefined> {
  const { classes } = facts.recipe;
  const output = state.target.output;
  const dims = facts.model.outputs.find(({ name }) => name === (output ?? usualOutput(facts.model)))?.dims;
  const item = (label: string, index: readonly number[], description: string): TargetItem => ({
    label,
    description,
    target: { ...(output ? { output } : {}), index },
  });
  // Class names belong to the first output.
  const named =
    !output || output === usualOutput(facts.model)
      ? classes.map((name, index) => item(name, [index], `class ${index}`))
      : [];
  const chosen = await pick<TargetItem>({
    ...step,
    placeholder: `Running the model … ${meanwhile}`,
    items: named,
    typed: (text) => typedTarget(text, named, item, dims),
    later: async (signal, say) => {
      const all = named.length ? [separator<TargetItem>("all classes", {}), ...named] : [];
      try {
        const bars = await predict(services, state, signal, (text) => say(`${text} … ${meanwhile}`));
        const top = (bars?.items ?? []).map((prediction) => {
          const target = { ...(output ? { output } : {}), ...targetOfItem(bars!.dims, prediction) };
          return { label: prediction.label, description: predictionText(bars!, prediction), target };
        });
        return {
          items: [separator<TargetItem>("the model's top classes", {}), ...top, ...all],
          active: top[0],
          placeholder: "Which class should be explained? Type a name or an index for any other",
        };
      } catch (error) {
        if (signal.aborted) throw error;
        const message = error instanceof Error ? error.message : String(error);
        return {
          items: [{ label: "$(warning) The model could not be run", detail: message, alwaysShow: true }, ...all],
          placeholder: "Type a class name or index",
        };
      }
    },
  });
  if (!chosen || chosen === back) return chosen as typeof back | undefined;
  return chosen.target && { target: chosen.target, label: chosen.label };
}

/** "39.6%, class 285": beside a prediction in a list. */
export function predictionText({ share }: BarsArtifact, { value, index }: BarItem): string {
  return `${share ? formatShare(value) : value.toPrecision(4)}${index < 0 ? "" : `, ${share ? "class" : "element"} ${index}`}`;
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
