import { probabilities } from "../runtime/score.ts";
import { openTail } from "../runtime/tail.ts";
import { breathe } from "./noise.ts";
import { choiceParam } from "./params.ts";
import type { Context } from "./technique.ts";

/** Changed inputs that run at once, where the model's batch axis is open. */
const BATCH = 16;

export const MEASURE = choiceParam("measure", "Followed", [["probability", "Probability"], ["score", "Score"]],
  "What is followed: the target's probability, or the score that the method explains (a logit).");

/** What is followed while the input is changed. */
export interface Measured {
  /** "probability of Egyptian cat". */
  readonly label: string;
  /** 0 to 1. */
  readonly bounded: boolean;
  /** Of each changed input: the measured number, and whether the target is still the largest output (undefined where that says nothing). */
  run(count: number, copy: (index: number) => Float32Array, progress: (done: number) => void): Promise<{ values: Float32Array; kept: (boolean | undefined)[] }>;
  release(): Promise<void>;
}

/** `question`: the checked method's context. Where the output has no probabilities, the score is followed, and that is noted in `context`. */
export async function openMeasure(context: Context, question: Context, measure: string): Promise<Measured> {
  const { input, output, target } = question;
  const { graph } = await question.traced();
  const shares = (values: Float32Array): Float32Array | undefined => probabilities(graph, output.name, output.dims, values)?.values;
  const probability = measure === "probability" && shares(output.values) !== undefined;
  if (measure === "probability" && !probability) context.note(`The output "${output.name}" has no probabilities: the score is followed instead.`);
  const to = probability ? output.name : (await question.score()).value;
  const tail = await openTail(question.model, question.feeds, { from: input.name, to, batch: BATCH });
  if (!tail) throw question.independent(input.name);
  const single = output.dims.length === 2 && !target.region && !target.against ? target.index[0] : undefined;
  return {
    label: probability ? `probability of ${target.label}` : `score of ${target.label}`,
    bounded: probability && !target.against && !target.region,
    async run(count, copy, progress) {
      const values = new Float32Array(count);
      const kept: (boolean | undefined)[] = [];
      for (let from = 0; from < count; from += tail.batch) {
        context.signal.throwIfAborted();
        progress(from);
        const some = Array.from({ length: Math.min(tail.batch, count - from) }, (_, i) => copy(from + i));
        (await tail.run(some)).forEach((elements, i) => {
          values[from + i] = question.scoreIn(probability ? shares(elements)! : elements);
          kept.push(single === undefined ? undefined : elements.every((value) => value <= elements[single]));
        });
        await breathe();
      }
      return { values, kept };
    },
    release: () => tail.release(),
  };
}
