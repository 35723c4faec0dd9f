import type { ComponentChildren, VNode } from "preact";

export interface Definition {
  readonly name: string;
  readonly value: ComponentChildren;
  /** Tooltip of the name. */
  readonly title?: string;
  readonly class?: string;
}

/** Names with their values, in two columns. */
export function Definitions({
  rows,
  class: className = "",
  testid,
}: {
  readonly rows: readonly Definition[];
  readonly class?: string;
  readonly testid?: string;
}): VNode {
  return (
    <dl class={`definitions ${className}`} data-testid={testid}>
      {rows.flatMap(({ name, value, title, class: valueClass }, place) => [
        <dt key={`${place} name`} title={title}>
          {name}
        </dt>,
        <dd key={`${place} value`} class={valueClass}>
          {value}
        </dd>,
      ])}
    </dl>
  );
}
