import { elementCount } from "../../../model/graph.ts";
import type { NumbersArtifact } from "../../../protocol/artifacts.ts";
import { elementIndex, targetText } from "../../../protocol/target.ts";
import type { SampleContext } from "../../framework/technique.ts";
import type { Reader } from "./reader.ts";

/** More are read as a table of values. */
const MOST_NUMBERS = 100;

/** Numbers that are no scores of classes: one large, several with their names. */
export const number: Reader = {
  as: "number",
  problem({ output: { dims, texts } }) {
    const count = elementCount(dims.slice(1));
    if (texts) return "it holds texts";
    return count === 0 || count > MOST_NUMBERS
      ? `it has ${count} values, and up to ${MOST_NUMBERS} can be shown so`
      : undefined;
  },
  guess({ output, classes }) {
    const { meaning, dims } = output;
    if (meaning.kind !== "regression") return undefined;
    const count = elementCount(dims.slice(1));
    if (count === 1) return { why: meaning.why };
    return classes.length === count || output.unit !== undefined
      ? { why: `It has ${count} values, each with a name or a unit.` }
      : undefined;
  },
  views: (context) => [numbersOf(context)],
};

function numbersOf({ output, classes }: Pick<SampleContext, "output" | "classes">): NumbersArtifact {
  const { name, dims, values, unit, meaning } = output;
  const count = elementCount(dims.slice(1));
  const own = values.slice(0, count);
  const label = (place: number): string => {
    if (classes.length === count) return classes[place];
    return count === 1 ? name : `${name} ${elementIndex(dims, place).join(", ")}`;
  };
  return {
    kind: "numbers",
    id: "numbers",
    title: count === 1 ? "Number" : "Numbers",
    items: Array.from(own, (value, place) => ({
      label: label(place),
      value,
      ...(unit === undefined ? {} : { unit }),
      target: targetText({ index: elementIndex(dims, place) }),
    })),
    quantity: name,
    values: own,
    dims: [1, ...dims.slice(1)],
    caption:
      meaning.kind === "regression" ? "the model's own values" : `the model's own values, read as ${meaning.kind}`,
  };
}
