/**
 * Native controls in VS Code's colours: where the browser's own are better by keyboard and screen reader than the
 * toolkit's.
 */
import type { ComponentChildren, VNode } from "preact";
import { useId, useLayoutEffect, useState } from "preact/hooks";
import type { Parsed } from "./parsed.ts";
import { roveFocus } from "./roving.ts";

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly title?: string;
}

export function Icon({ name }: { readonly name: string }): VNode {
  return <span class={`codicon codicon-${name}`} aria-hidden="true" />;
}

/** A button with an icon only; `label` is its name and its tooltip. */
export function IconButton({
  icon,
  label,
  title = label,
  pressed,
  onClick,
  disabled,
  testid,
}: {
  readonly icon: string;
  readonly label: string;
  /** What it does, where the label alone does not say it. */
  readonly title?: string;
  /** Of a button that is on or off. */
  readonly pressed?: boolean;
  readonly onClick: () => void;
  readonly disabled?: boolean;
  readonly testid?: string;
}): VNode {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      aria-pressed={pressed}
      title={title}
      disabled={disabled}
      data-testid={testid}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

/** A drop-down list. `label` stands before it when `shown`, and is its name in any case. */
export function Select<T extends string>({
  label,
  shown = false,
  value,
  choices,
  onChange,
  title,
  testid,
  disabled,
}: {
  readonly label: string;
  readonly shown?: boolean;
  readonly value: T;
  readonly choices: readonly Choice<T>[];
  readonly onChange: (value: T) => void;
  readonly title?: string;
  readonly testid?: string;
  readonly disabled?: boolean;
}): VNode {
  const select = (
    <select
      class="select"
      aria-label={shown ? undefined : label}
      title={title ?? label}
      value={value}
      disabled={disabled}
      data-testid={testid}
      onChange={(event) => onChange(event.currentTarget.value as T)}
    >
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
  return shown ? (
    <label class="field">
      <span class="field-label">{label}</span>
      {select}
    </label>
  ) : (
    select
  );
}

/** A slider with its value as text beside it. */
export function Slider({
  label,
  value,
  min,
  max,
  step,
  text,
  onInput,
  title,
  testid,
  disabled,
}: {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly text: string;
  readonly onInput: (value: number) => void;
  readonly title?: string;
  readonly testid?: string;
  readonly disabled?: boolean;
}): VNode {
  return (
    <label class="field slider" title={title}>
      <span class="field-label">{label}</span>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        disabled={disabled}
        aria-valuetext={text}
        data-testid={testid}
        style={{ "--filled": `${((value - min) / (max - min)) * 100}%` }}
        onInput={(event) => onInput(Number(event.currentTarget.value))}
      />
      <output class="slider-value">{text}</output>
    </label>
  );
}

/** One of few, all visible: arrow keys choose. */
export function Segmented<T extends string>({
  label,
  value,
  choices,
  onChange,
  testid,
}: {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly Choice<T>[];
  readonly onChange: (value: T) => void;
  readonly testid: string;
}): VNode {
  return (
    <div class="segmented" role="radiogroup" aria-label={label} onKeyDown={(event) => roveFocus(event)?.click()}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          role="radio"
          class="segment"
          data-rove
          aria-checked={choice.value === value}
          title={choice.title}
          tabIndex={choice.value === value ? 0 : -1}
          data-testid={`${testid}-${choice.value}`}
          onClick={() => {
            if (choice.value !== value) onChange(choice.value);
          }}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

/**
 * A text field for a value: what is typed is kept as typed, `onChange` gets it once it means something, and the problem
 * is shown below while it does not.
 */
export function ValueField<T>({
  label,
  value,
  format,
  parse,
  onChange,
  title,
  testid,
  width = 8,
  inputMode,
}: {
  readonly label: string;
  readonly value: T;
  readonly format: (value: T) => string;
  readonly parse: (text: string) => Parsed<T>;
  readonly onChange: (value: T) => void;
  readonly title?: string;
  readonly testid?: string;
  readonly width?: number;
  readonly inputMode?: "decimal" | "numeric" | "text";
}): VNode {
  const problemId = useId();
  const outside = format(value);
  const [draft, setDraft] = useState<{ text: string; of: string } | undefined>(undefined);
  // A draft belongs to the value it was typed for: a change from outside (Reset) replaces it.
  const live = draft && draft.of === outside ? draft.text : outside;
  const parsed = parse(live);
  const problem = "problem" in parsed ? parsed.problem : undefined;
  const type = (text: string): void => {
    const next = parse(text);
    setDraft({ text, of: "value" in next ? format(next.value) : outside });
    if ("value" in next && format(next.value) !== outside) onChange(next.value);
  };
  return (
    <label class="field" title={title}>
      <span class="field-label">{label}</span>
      <input
        class="input"
        type="text"
        size={width}
        inputMode={inputMode}
        value={live}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem ? problemId : undefined}
        data-testid={testid}
        spellcheck={false}
        onInput={(event) => type(event.currentTarget.value)}
        onBlur={() => {
          if (!problem) setDraft(undefined);
        }}
      />
      {problem ? (
        <span class="field-problem" id={problemId} role="alert">
          {problem}
        </span>
      ) : null}
    </label>
  );
}

/** A number in a range; arrow up and down step it. */
export function NumberField({
  label,
  value,
  min,
  max,
  step,
  integer,
  onChange,
  title,
  testid,
  unit,
}: {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly integer: boolean;
  readonly onChange: (value: number) => void;
  readonly title?: string;
  readonly testid?: string;
  readonly unit?: string;
}): VNode {
  const problemId = useId();
  const [draft, setDraft] = useState<string | undefined>(undefined);
  useLayoutEffect(() => setDraft(undefined), [value]);
  const text = draft ?? String(value);
  const problem = numberProblem(text, { min, max, integer });
  return (
    <label class="field" title={title}>
      <span class="field-label">{label}</span>
      <input
        class="input number"
        type="number"
        min={min}
        max={max}
        step={integer ? step : "any"}
        value={text}
        data-testid={testid}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem ? problemId : undefined}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setDraft(next);
          if (!numberProblem(next, { min, max, integer }) && Number(next) !== value) onChange(Number(next));
        }}
        onKeyDown={(event) => {
          // "any" lets people type what they like, but would step by 1: stepping is done here.
          const direction = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
          if (!direction) return;
          event.preventDefault();
          const next = Math.min(max, Math.max(min, Number((value + direction * step).toPrecision(12))));
          setDraft(undefined);
          if (next !== value) onChange(next);
        }}
      />
      {unit ? <span class="muted">{unit}</span> : null}
      {problem ? (
        <span class="field-problem" id={problemId} role="alert">
          {problem}
        </span>
      ) : null}
    </label>
  );
}

/** Why a typed number will not do, or undefined. */
function numberProblem(
  text: string,
  { min, max, integer }: { readonly min: number; readonly max: number; readonly integer: boolean },
): string | undefined {
  const value = Number(text);
  if (!text.trim() || !Number.isFinite(value)) return "A number is needed.";
  if (integer && !Number.isInteger(value)) return "A whole number is needed.";
  if (value < min || value > max) return `From ${min} to ${max}.`;
  return undefined;
}

/** A part that opens: closed, its content is not made. */
export function Disclosure({
  title,
  open,
  onToggle,
  testid,
  children,
}: {
  readonly title: ComponentChildren;
  readonly open: boolean;
  readonly onToggle: (open: boolean) => void;
  readonly testid?: string;
  readonly children: () => ComponentChildren;
}): VNode {
  const id = useId();
  return (
    <section class="disclosure">
      <button
        type="button"
        class="disclosure-button"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        data-testid={testid}
        onClick={() => onToggle(!open)}
      >
        <Icon name={open ? "chevron-down" : "chevron-right"} />
        {title}
      </button>
      {open ? (
        <div id={id} class="disclosure-content">
          {children()}
        </div>
      ) : null}
    </section>
  );
}
