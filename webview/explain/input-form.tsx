import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";
import type { InputCheck, InputSources } from "../../src/protocol/sample.ts";
import {
  emptyRow,
  readRow,
  sizesOf,
  type FormInput,
  type FormRow,
  type FormRows,
  type RowReading,
} from "../../src/protocol/sample-form.ts";
import { Button } from "../ui/controls.tsx";
import { FailureText } from "../ui/feedback.tsx";
import { IconButton } from "../ui/fields.tsx";
import { useAnswer } from "../ui/store.ts";
import type { PanelController } from "./controller.ts";
import { InputRow } from "./input-row.tsx";

/** A row for each of the model's inputs: what it takes, what it is given, and what is wrong with that before a run. */
export function InputForm({
  boot,
  state,
  rows,
  controller,
}: {
  readonly boot: PanelBoot;
  readonly state: PanelState;
  readonly rows: FormRows;
  readonly controller: PanelController;
}): VNode {
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.querySelector<HTMLElement>("input, textarea, select")?.focus(), []);
  const close = (): void => {
    controller.closeForm();
    // The keyboard goes back to what opens it.
    document.querySelector<HTMLElement>(".input-pick")?.focus();
  };
  const recipes = (state.recipe ?? boot.recipe.recipe).inputs;
  const rowOf = (input: FormInput): FormRow => rows[input.name] ?? emptyRow(input, recipes[input.name]);
  const sent = sourcesOf(boot.inputs, rowOf, new Map()).sources;
  const { answer: first, failure } = useAnswer(
    (signal) => controller.link.call("checkInputs", { state, sources: sent }, { signal }),
    [JSON.stringify(sent), state.model, JSON.stringify(recipes)],
    250,
  );
  // What other inputs say of open axes; what is filled by it is as good as its number.
  const sizes = sizesOf(boot.inputs, first ?? {});
  const { sources, readings } = sourcesOf(boot.inputs, rowOf, sizes);
  const checks = withFilled(first, readings, sent);
  const complete = boot.inputs.every(({ name }) => isSound(readings[name], checks?.[name]));
  const blocked = boot.blocked !== undefined;
  const several = boot.inputs.length > 1;
  const use = (): void => void controller.useInputs(sources);
  return (
    <section
      ref={place}
      class="input-form"
      aria-label="Inputs"
      data-testid="input-form"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
        // In a text Enter begins a line.
        const isUse = event.key === "Enter" && (event.ctrlKey || event.metaKey || isLine(event.target));
        if (isUse && complete && !blocked) use();
      }}
    >
      <div class="input-form-head">
        <h2>{several ? `${boot.inputs.length} inputs` : "Input"}</h2>
        <Button testid="choose-sample" disabled={blocked} onClick={() => void controller.pickInput(true)}>
          Choose a sample or file…
        </Button>
        <IconButton icon="close" label="Close the form" testid="close-form" onClick={close} />
      </div>
      {boot.inputs.map((input) => (
        <InputRow
          key={input.name}
          input={input}
          recipe={recipes[input.name]}
          row={rowOf(input)}
          reading={readings[input.name]}
          check={checks?.[input.name]}
          sizes={sizes}
          disabled={blocked}
          onChange={(row) => controller.setForm({ ...rows, [input.name]: row })}
          onBrowse={() => void controller.browseInput(input.name)}
        />
      ))}
      {failure ? (
        <div class="inline-error" role="alert" data-testid="check-error">
          <FailureText failure={failure} />
        </div>
      ) : null}
      <div class="recipe-actions">
        <Button
          kind="primary"
          testid="use-inputs"
          disabled={!complete || blocked}
          title={complete ? "Run the model on these inputs" : "Some inputs are not given yet"}
          onClick={use}
        >
          Use
        </Button>
        <Button
          testid="save-sample"
          disabled={!complete || blocked}
          title="Save as NAME.sample.json: the list of inputs offers it, and --input takes it"
          onClick={() => void controller.saveSample(sources)}
        >
          Save as sample…
        </Button>
        <span class="muted" role="status" data-testid="form-status">
          {complete ? "" : statusText(boot.inputs, readings, checks)}
        </span>
      </div>
    </section>
  );
}

/** A field of one line: its Enter is free. */
function isLine(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement;
}

function sourcesOf(
  inputs: readonly FormInput[],
  rowOf: (input: FormInput) => FormRow,
  sizes: ReadonlyMap<string, number>,
): { readonly sources: InputSources; readonly readings: Readonly<Record<string, RowReading>> } {
  const readings = Object.fromEntries(inputs.map((input) => [input.name, readRow(rowOf(input), input, sizes)]));
  const sources = Object.entries(readings).flatMap(([name, reading]) =>
    "source" in reading ? [[name, reading.source] as const] : [],
  );
  return { sources: Object.fromEntries(sources), readings };
}

/** The answer, and of rows whose shape only the answer gave that they are sound. */
function withFilled(
  checks: Readonly<Record<string, InputCheck>> | undefined,
  readings: Readonly<Record<string, RowReading>>,
  sent: InputSources,
): Readonly<Record<string, InputCheck>> | undefined {
  if (!checks) return undefined;
  return Object.fromEntries(
    Object.entries(checks).map(([name, check]) => {
      const reading = readings[name];
      const source = reading && "source" in reading ? reading.source : undefined;
      const isFilled = typeof source === "object" && "fill" in source && source.shape && !(name in sent);
      if (!isFilled || !check.missing) return [name, check];
      const { missing: _, ...rest } = check;
      return [name, { ...rest, dims: source.shape }];
    }),
  );
}

function isSound(reading: RowReading | undefined, check: InputCheck | undefined): boolean {
  if (!reading || !check || "problem" in reading || check.problem !== undefined) return false;
  return "source" in reading ? check.missing !== true : check.madeOf !== undefined;
}

/** Which inputs are still open, for those who do not see the rows. */
function statusText(
  inputs: readonly FormInput[],
  readings: Readonly<Record<string, RowReading>>,
  checks: Readonly<Record<string, InputCheck>> | undefined,
): string {
  if (!checks) return "Checking…";
  const open = inputs.map(({ name }) => name).filter((name) => !isSound(readings[name], checks[name]));
  return `Not ready: ${open.slice(0, 5).join(", ")}${open.length > 5 ? ` and ${open.length - 5} more` : ""}`;
}
