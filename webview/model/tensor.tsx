import type { VNode } from "preact";
import type { EditorHost } from "../../src/protocol/editor.ts";
import type { TensorSummary } from "../../src/protocol/model.ts";
import { formatPercent, formatValue, group, plural } from "../../src/protocol/format.ts";
import { Button } from "../ui/controls.tsx";
import { Definitions } from "../ui/definitions.tsx";
import type { Definition } from "../ui/definitions.tsx";
import { FailureText } from "../ui/feedback.tsx";
import { useAnswer } from "../ui/store.ts";
import type { HostLink } from "../ui/store.ts";

/** A constant's numbers, read when it is opened: statistics, how they are spread, and the first of them. */
export function Tensor({
  link,
  name,
  location,
  onCopy,
}: {
  readonly link: HostLink<EditorHost>;
  readonly name: string;
  readonly location: string;
  readonly onCopy: (text: string, what: string) => void;
}): VNode {
  const ask = (signal: AbortSignal): Promise<TensorSummary> => link.call("tensor", { name }, { signal });
  const { answer: tensor, failure } = useAnswer(ask, [link, name]);
  if (failure)
    return (
      <div class="inline-error" role="alert">
        <FailureText failure={failure} />
      </div>
    );
  if (!tensor) return <p class="muted">Reading…</p>;
  const { histogram, preview, count } = tensor;
  const only = onlyValue(tensor);
  return (
    <div class="tensor" data-testid="tensor">
      {only !== undefined ? (
        <p class="only-value mono" data-testid="only-value">
          {only}
        </p>
      ) : histogram && histogram.max > histogram.min ? (
        <Histogram counts={histogram.counts} min={histogram.min} max={histogram.max} />
      ) : null}
      <Definitions testid="statistics" rows={rows(tensor, location)} />
      {preview.length ? (
        <>
          {count === 1 ? null : (
            <p class="preview mono" aria-label="First values">
              {preview.join("  ")}
              {count > preview.length ? " …" : ""}
            </p>
          )}
          <Button onClick={() => onCopy(preview.join(", "), "the values")} testid="copy-values">
            {count > preview.length
              ? `Copy first ${plural(preview.length, "value")}`
              : count === 1
                ? "Copy value"
                : "Copy values"}
          </Button>
        </>
      ) : (
        <p class="muted">No elements.</p>
      )}
    </div>
  );
}

/** The number that a tensor is, of one element or of many that are the same: there is nothing to distribute. */
function onlyValue({ count, preview, statistics }: TensorSummary): string | undefined {
  if (count === 1) return preview[0];
  const { min, max, notFinite } = statistics ?? {};
  return min !== undefined && min === max && notFinite === 0 ? `${preview[0]}, everywhere` : undefined;
}

function rows({ statistics, count }: TensorSummary, location: string): Definition[] {
  return [
    { name: "elements", value: group(count), class: "number" },
    ...(statistics && count > 1
      ? [
          {
            name: "mean ± std",
            value: `${formatValue(statistics.mean)} ± ${formatValue(statistics.std)}`,
            class: "number",
          },
          {
            name: "min, max",
            value: `${formatValue(statistics.min)}, ${formatValue(statistics.max)}`,
            class: "number",
          },
          {
            name: "zeros",
            value: statistics.zeros
              ? `${group(statistics.zeros)} (${formatPercent(statistics.zeros / count, 4)})`
              : "none",
            class: "number",
          },
          {
            name: "NaN, ∞",
            value: statistics.notFinite ? group(statistics.notFinite) : "none",
            class: `number ${statistics.notFinite ? "bad" : ""}`,
          },
        ]
      : []),
    { name: "stored", value: location },
  ];
}

/** Bars over equal bins; the zero is marked where it lies inside. */
function Histogram({
  counts,
  min,
  max,
}: {
  readonly counts: readonly number[];
  readonly min: number;
  readonly max: number;
}): VNode {
  const tallest = Math.max(1, ...counts);
  const zero = min < 0 && max > 0 ? (-min / (max - min)) * 100 : undefined;
  const fullest = counts.indexOf(tallest);
  const bin = (max - min) / Math.max(1, counts.length);
  return (
    <figure class="histogram">
      <svg
        viewBox={`0 0 ${counts.length} 40`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram from ${formatValue(min)} to ${formatValue(max)}; most values near ${formatValue(min + (fullest + 0.5) * bin)}.`}
      >
        {counts.map((count, place) => (
          <rect
            key={place}
            x={place + 0.08}
            width={0.84}
            y={40 - (count / tallest) * 40}
            height={(count / tallest) * 40}
          />
        ))}
      </svg>
      <figcaption class="number muted">
        <span>{formatValue(min)}</span>
        {zero !== undefined && zero > 14 && zero < 86 ? (
          <span class="zero" style={{ left: `${zero}%` }}>
            0
          </span>
        ) : null}
        <span>{formatValue(max)}</span>
      </figcaption>
    </figure>
  );
}
