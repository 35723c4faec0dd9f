import type { VNode } from "preact";
import type { ExplainableInput } from "../../src/protocol/recipe.ts";
import { Checkbox } from "../ui/controls.tsx";

/**
 * Which of a model's inputs are explained, one box each by name; nothing where there is no choice. The last ticked one
 * stays.
 */
export function ExplainedInputs({
  inputs,
  chosen,
  disabled = false,
  onChange,
}: {
  readonly inputs: readonly ExplainableInput[];
  readonly chosen: readonly string[] | undefined;
  readonly disabled?: boolean;
  /** undefined: those that are explained where nobody says otherwise. */
  readonly onChange: (names: readonly string[] | undefined) => void;
}): VNode | null {
  if (inputs.length < 2) return null;
  const ticked = explainedNames(inputs, chosen);
  const set = (name: string, on: boolean): void => {
    const names = inputs.map((input) => input.name).filter((one) => (one === name ? on : ticked.includes(one)));
    onChange(names.join("\n") === explainedNames(inputs, undefined).join("\n") ? undefined : names);
  };
  return (
    <div class="options" role="group" aria-label="Inputs to explain" data-testid="explained-inputs">
      <span class="muted">explain</span>
      {inputs.map(({ name, reason }) => (
        <Checkbox
          key={name}
          checked={ticked.includes(name)}
          disabled={disabled || (ticked.length === 1 && ticked[0] === name)}
          testid={`explain-${name}`}
          title={ticked.length === 1 && ticked[0] === name ? "At least one input must be explained" : reason}
          onChange={(on) => set(name, on)}
        >
          {name}
        </Checkbox>
      ))}
    </div>
  );
}

/** The names that are explained: those chosen that the model has, else the usual ones, in the model's order. */
function explainedNames(inputs: readonly ExplainableInput[], chosen: readonly string[] | undefined): readonly string[] {
  const asked = inputs.filter(({ name }) => chosen?.includes(name));
  return (asked.length > 0 ? asked : inputs.filter(({ byDefault }) => byDefault)).map(({ name }) => name);
}
