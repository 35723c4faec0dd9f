import type { ComponentChildren, VNode } from "preact";

/** The output less the input, below both: its numbers, and how it is drawn. */
export function Difference({
  compared,
  children,
}: {
  /** "mean absolute difference 0.031, RMS 0.05". */
  readonly compared: string | undefined;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <section class="output-difference" aria-label="Difference">
      <h2>Difference</h2>
      {compared ? (
        <p class="number" data-testid="compared">
          {compared.charAt(0).toUpperCase() + compared.slice(1)}
        </p>
      ) : null}
      {children}
    </section>
  );
}
