import type { ComponentChildren, VNode } from "preact";
import { roveFocus } from "../ui/roving.ts";

/** What a click or Enter explains, one below the other: one stop of the Tab key, arrow keys go along it. */
export function PredictionList({
  label,
  children,
}: {
  /** "Explain a box". */
  readonly label: string;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <div class="prediction-list" role="toolbar" aria-orientation="vertical" aria-label={label} onKeyDown={roveFocus}>
      {children}
    </div>
  );
}

/** One of them: its name, what is known of it, its value, and that as a bar. */
export function Prediction({
  name,
  color,
  detail,
  value,
  bar,
  title,
  chosen,
  stop,
  disabled,
  class: more = "",
  testid,
  data = {},
  onPick,
  onMark,
}: {
  readonly name: ComponentChildren;
  /** Of its swatch. */
  readonly color?: string;
  /** In small behind the name: a number, a place. */
  readonly detail?: string | number;
  readonly value: string;
  /** The bar's width in CSS; none where it is absent. */
  readonly bar?: string;
  readonly title: string;
  /** It is explained now. */
  readonly chosen: boolean;
  /** Tab stops here. */
  readonly stop: boolean;
  readonly disabled: boolean;
  readonly class?: string;
  readonly testid: string;
  readonly data?: Readonly<Record<`data-${string}`, string | number>>;
  readonly onPick: () => void;
  /** The pointer or the focus comes to it, or leaves it. */
  readonly onMark?: (on: boolean) => void;
}): VNode {
  const marking = onMark && {
    onFocus: () => onMark(true),
    onBlur: () => onMark(false),
    onPointerEnter: () => onMark(true),
    onPointerLeave: () => onMark(false),
  };
  return (
    <button
      type="button"
      class={`prediction ${more}`}
      data-rove
      data-testid={testid}
      {...data}
      aria-pressed={chosen}
      tabIndex={stop ? 0 : -1}
      disabled={disabled}
      title={title}
      onClick={onPick}
      {...marking}
    >
      <span class="prediction-label">
        {color === undefined ? null : <i class="mask-swatch" aria-hidden="true" style={{ background: color }} />}
        {name}
        {detail === undefined ? null : <span class="prediction-index number"> {detail}</span>}
      </span>
      <span class="prediction-value number">{value}</span>
      {bar === undefined ? null : (
        <span class="prediction-track" aria-hidden="true">
          <i style={{ width: bar }} />
        </span>
      )}
    </button>
  );
}
