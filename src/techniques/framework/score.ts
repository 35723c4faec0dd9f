import { elementCount } from "../../model/graph.ts";
import { endOfElement } from "../../runtime/joined-scores.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { Traced } from "../../runtime/kept-traces.ts";
import type { ModelOutput } from "../../runtime/outputs.ts";
import { withLoss } from "../../runtime/rewrite.ts";
import type { End, Score } from "../../runtime/score.ts";
import { valueFacts } from "../../runtime/value-facts.ts";
import type { SampleContext } from "./technique.ts";

type Asked = Pick<SampleContext, "output" | "target">;

/** The softmax or sigmoid of the target, where the output joins it with other values. `trace` is asked only where it does. */
export async function joinedEnd(
  model: LoadedModel,
  { output: { value, shape }, target }: Asked,
  trace: () => Promise<Traced | undefined>,
): Promise<End | undefined> {
  const index = unravelled(target.at[0] ?? 0, shape);
  let joins = false;
  endOfElement(model.model.graph, value, index, () => {
    joins = true;
    return undefined;
  });
  const traced = joins ? await trace() : undefined;
  if (!traced) return undefined;
  const { graph, trace: ran } = traced;
  return endOfElement(graph, value, index, (name) => ran.dims.get(name), valueFacts(graph, model.open, ran.dims));
}

/** What a person should know of the score that is explained. `asked`: the parameter `score`. */
export function scoreNotes(
  score: Score,
  { output, target }: Asked,
  { asked, joined }: { readonly asked: string; readonly joined?: End },
): string[] {
  const { name, meaning } = output;
  const notes: string[] = [];
  if (score.kind === "loss")
    notes.push(`Explains the cross-entropy loss of ${target.label}: positive attributions increase the loss.`);
  const hasEnd = meaning.form === undefined || meaning.form === "softmax" || meaning.form === "sigmoid";
  if (score.before) notes.push(`Explains the value before ${score.before}, "${score.value}".`);
  else if (joined)
    notes.push(
      `Explains the score itself, after its ${joined.said}: the output "${name}" joins scores with other values, so the value before it, "${joined.logits}", does not cover all of them. Where a score is near 0 or 1, its gradients are near zero.`,
    );
  else if (score.kind === "output" && !hasEnd && asked === "logit")
    notes.push(`Explains the output "${name}" itself: no logits were found before it. ${meaning.why}`);
  const broken = target.at.map((place) => output.values[place]).find((number) => !Number.isFinite(number));
  if (broken !== undefined)
    notes.push(
      `The output "${name}" is ${Number.isNaN(broken) ? "not a number (NaN)" : "infinite"} at the target: its gradient is computed in float32, for a score that the model itself does not produce.`,
    );
  if (meaning.binary) notes.push(`"${name}" is one score for two classes: this explains ${target.label}.`);
  return notes;
}

/** The model with the loss of its output as a further one. */
export function lossModel(model: LoadedModel, output: ModelOutput, negated: boolean): LoadedModel {
  const { value, dims, shape, meaning } = output;
  const axis = meaning.classAxis - (dims.length - shape.length);
  const list = dims.slice(1).filter((size) => size !== 1).length <= 1;
  return model.derive(`loss:${JSON.stringify([value, axis, meaning.kind, meaning.form, negated, list])}`, (whole) =>
    withLoss(whole, { value, axis, meaning, negated, list, known: valueFacts(whole.graph, model.open) }),
  );
}

/** A flat index as one for each axis. */
function unravelled(flat: number, dims: readonly number[]): number[] {
  return dims.map((size, axis) => Math.floor(flat / elementCount(dims.slice(axis + 1))) % size);
}
