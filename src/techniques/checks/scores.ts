import { elementCount } from "../../model/graph.ts";
import { probabilitiesOf } from "../../runtime/outputs.ts";
import { openPartialModel } from "../../runtime/partial-model.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { choiceParam } from "../framework/params.ts";
import type { SampleContext } from "../framework/technique.ts";

/** Changed inputs that run at once, where the model's batch axis is open. */
const BATCH = 16;

export const MEASURE = choiceParam(
  "measure",
  "Followed",
  [
    ["probability", "Probability"],
    ["score", "Score"],
  ],
  "What the curves show: the target's probability, or the score that the method explains (a logit).",
);

/** What is followed while the input is changed. */
export interface Measured {
  /** "probability of Egyptian cat". */
  readonly label: string;
  /** 0 to 1. */
  readonly bounded: boolean;
  /**
   * Of each changed input: the measured number, and whether the target is still the largest output (undefined where
   * that says nothing).
   */
  run(
    count: number,
    copy: (index: number) => Float32Array,
    progress: (done: number) => void,
  ): Promise<{ values: Float32Array; kept: (boolean | undefined)[] }>;
  release(): Promise<void>;
}

/**
 * `question`: the checked method's context. Where the output has no probabilities, the score is followed, and that is
 * noted in `context`.
 */
export async function openMeasure(context: SampleContext, question: SampleContext, measure: string): Promise<Measured> {
  const { input, output, target } = question;
  const one = { meaning: output.meaning, dims: [1, ...output.dims.slice(1)] };
  const shares = (values: Float32Array): Float32Array => probabilitiesOf(one, values)!.values;
  const found =
    measure === "probability" ? probabilitiesOf(one, output.values.subarray(0, elementCount(one.dims))) : undefined;
  const probability = found !== undefined;
  if (measure === "probability" && !probability)
    context.note(`The output "${output.name}" has no probabilities: the score is used instead.`);
  if (found) context.note(`The curves show a probability: ${found.how}.`);
  const to = probability ? output.value : (await question.score()).value;
  const tail = await openPartialModel(question.model, question.feeds, { from: input.name, to, batch: BATCH });
  if (!tail) throw question.independent(input.name);
  const kept = keptIn(question, probability);
  return {
    label: probability ? `probability of ${target.label}` : `score of ${target.label}`,
    bounded: probability && !target.against && !target.region,
    async run(count, copy, progress) {
      const values = new Float32Array(count);
      const all: (boolean | undefined)[] = [];
      for (let from = 0; from < count; from += tail.batch) {
        context.signal.throwIfAborted();
        progress(from);
        const some = Array.from({ length: Math.min(tail.batch, count - from) }, (_, i) => copy(from + i));
        (await tail.run(some)).forEach((elements, i) => {
          values[from + i] = probability
            ? question.scoreIn(shares(elements), "probability")
            : question.scoreIn(elements);
          all.push(kept(elements, values[from + i]));
        });
        await yieldToEventLoop();
      }
      return { values, kept: all };
    },
    release: () => tail.release(),
  };
}

/**
 * Whether the target is still the largest element; of one number that tells two classes apart, whether it is still more
 * likely than the other.
 */
function keptIn(
  { output, target, params }: SampleContext,
  probability: boolean,
): (elements: Float32Array, score: number) => boolean | undefined {
  if (target.region || target.against || output.dims.length !== 2) return () => undefined;
  if (output.meaning.binary) {
    const even = probability || (params.score === "output" && output.meaning.form === "as-is") ? 0.5 : 0;
    return (_, score) => (params.score === "loss" && !probability ? undefined : score >= even);
  }
  const [single] = target.at;
  return (elements) => elements.every((value) => value <= elements[single]);
}
