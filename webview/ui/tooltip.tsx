import type { VNode } from "preact";

/**
 * Names and values beside a point of a picture (u, v from 0 to 1), on the side where there is room. `data` puts the
 * same numbers, unrounded, into data attributes. Hidden from screen readers: they are told by a live region instead.
 */
export function Tooltip({
  u,
  v,
  rows,
  data,
  testid,
}: {
  readonly u: number;
  readonly v: number;
  readonly rows: readonly { readonly label: string; readonly text: string }[];
  readonly data: Readonly<Record<string, string | number>>;
  readonly testid: string;
}): VNode {
  const attributes = Object.fromEntries(Object.entries(data).map(([key, value]) => [`data-${key}`, String(value)]));
  return (
    <div
      class="tooltip"
      aria-hidden="true"
      data-testid={testid}
      {...attributes}
      style={{
        left: `${u * 100}%`,
        top: `${v * 100}%`,
        transform: `translate(${u > 0.5 ? "calc(-100% - 12px)" : "12px"}, ${v > 0.6 ? "calc(-100% - 10px)" : "10px"})`,
      }}
    >
      {rows.map(({ label, text }) => (
        <div key={label} class="tooltip-row">
          <span class="tooltip-label">{label}</span>
          <span>{text}</span>
        </div>
      ))}
    </div>
  );
}
