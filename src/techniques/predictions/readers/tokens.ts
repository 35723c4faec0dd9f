import { largestFew } from "../../../math/rank.ts";
import type { TokenScoresArtifact } from "../../../protocol/artifacts.ts";
import { targetText } from "../../../protocol/target.ts";
import type { ModelOutput, ProbabilityForm } from "../../../runtime/outputs.ts";
import type { SampleContext } from "../../framework/technique.ts";
import type { Reader } from "./reader.ts";

/** How many tokens of a place are listed where nobody says. */
export const LISTED = 5;

/** Scores of a vocabulary at each place [N, T, V]: each place's most probable tokens. */
export const tokensByPlace: Reader = {
  as: "tokens",
  problem({ output: { dims, texts } }) {
    if (texts) return "it holds texts";
    return dims.length === 3 && dims[1] > 0 && dims[2] > 1 ? undefined : "it has no scores for each place [N, T, V]";
  },
  guess({ output, input }) {
    const { meaning, dims, name } = output;
    if (input.tokensOf === undefined || meaning.classAxis !== 2 || !isScores(meaning.kind)) return undefined;
    return {
      why: `"${name}" has scores of ${dims[2]} ${isAlong(output, input) ? `for each of the input's ${dims[1]} tokens` : `at each of ${dims[1]} places`}.`,
      assumed: meaning.assumed,
    };
  },
  views: async (context) => [await tokenScores(context)],
};

function isScores(kind: ModelOutput["meaning"]["kind"]): boolean {
  return ["logits", "probabilities", "independent", "log-probabilities"].includes(kind);
}

/** Whether the output goes along the input's tokens. */
function isAlong({ dims }: Pick<ModelOutput, "dims">, { labels, tokensOf }: SampleContext["input"]): boolean {
  return tokensOf !== undefined && labels?.length === dims[1];
}

async function tokenScores(context: SampleContext): Promise<TokenScoresArtifact> {
  const { output, input, classes, params, tokens } = context;
  const { name, dims, values, meaning } = output;
  const [, places, vocabulary] = dims;
  const count = Math.min(typeof params.top === "number" ? params.top : LISTED, vocabulary);
  const form = meaning.form ?? (isScores(meaning.kind) ? "softmax" : undefined);
  const found = Array.from({ length: places }, (_, place) => {
    const row = values.subarray(place * vocabulary, (place + 1) * vocabulary);
    const indices = largestFew(row, count);
    return { place, indices, values: shares(row, indices, form) };
  });
  const ofClasses = classes.length === vocabulary;
  const ids = [...new Set(found.flatMap(({ indices }) => indices))];
  // A tokenizer that the person has no more, or another model's, must not cost the scores.
  const texts = ofClasses || !tokens ? undefined : await tokens(ids).catch(() => undefined);
  const text = new Map(ids.map((id, at) => [id, ofClasses ? classes[id] : (texts?.[at] ?? String(id))]));
  if (!ofClasses && tokens && !texts)
    context.note("The tokenizer could not be read: tokens are shown by their numbers.");
  const along = isAlong(output, input);
  return {
    kind: "token-scores",
    id: "token-scores",
    title: ofClasses ? "Classes by place" : "Tokens by place",
    rows: found.map(({ place, indices, values: own }) => ({
      place,
      ...(along ? { token: input.labels![place] } : {}),
      top: indices.map((index, at) => ({
        index,
        token: text.get(index)!,
        value: own[at],
        target: targetText({ index: [place, index] }),
      })),
    })),
    vocabulary,
    noun: ofClasses ? "class" : "token",
    quantity: form ? "probability" : name,
    share: form !== undefined,
    output: name,
    values: Float32Array.from(found.flatMap((one) => one.values)),
    dims: [places, count],
    caption: `the ${count} largest of ${vocabulary} at each of ${places} places (${name}${form ? `, ${FORMS[form]}` : ""})`,
  };
}

const FORMS: Readonly<Record<ProbabilityForm, string>> = {
  "as-is": "the model's own probabilities",
  exp: "exp of log-probabilities",
  softmax: "softmax of the logits",
  sigmoid: "sigmoid of each score",
};

/** Probabilities of some of a place's scores; all of them are looked at once, and nothing is kept of the others. */
function shares(row: Float32Array, indices: readonly number[], form: ProbabilityForm | undefined): number[] {
  const chosen = indices.map((index) => row[index]);
  switch (form) {
    case undefined:
    case "as-is":
      return chosen;
    case "exp":
      return chosen.map(Math.exp);
    case "sigmoid":
      return chosen.map((value) => 1 / (1 + Math.exp(-value)));
    case "softmax": {
      const [largest] = chosen;
      let total = 0;
      for (const value of row) total += Math.exp(value - largest);
      return chosen.map((value) => Math.exp(value - largest) / total);
    }
  }
}
