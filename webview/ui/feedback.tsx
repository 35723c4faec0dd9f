/** What the program tells a person: banners, progress, and quiet words for screen readers. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button } from "./controls.tsx";
import { Icon, IconButton } from "./fields.tsx";
import type { Failure } from "./host.ts";

export interface BannerAction {
  readonly label: string;
  readonly run: () => void;
  readonly testid?: string;
}

/**
 * One line across the page with what can be done about it. Errors and warnings interrupt a screen reader, notes do not.
 */
export function Banner({
  kind,
  testid,
  actions = [],
  onClose,
  children,
}: {
  readonly kind: "error" | "warning" | "info";
  readonly testid?: string;
  readonly actions?: readonly BannerAction[];
  readonly onClose?: () => void;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <div class={`banner ${kind}`} role={kind === "info" ? "status" : "alert"} data-testid={testid}>
      <Icon name={kind} />
      <div class="banner-text">{children}</div>
      {actions.map((action) => (
        <Button key={action.label} onClick={action.run} testid={action.testid}>
          {action.label}
        </Button>
      ))}
      {onClose ? <IconButton icon="close" label="Close this message" onClick={onClose} /> : null}
    </div>
  );
}

/** Message, where, and what to do about it. */
export function FailureText({ failure }: { readonly failure: Failure }): VNode {
  return (
    <>
      <strong class="failure-message">{failure.message}</strong>
      {failure.where ? <span class="failure-where">{failure.where}</span> : null}
      {failure.hint ? <span class="failure-hint">{failure.hint}</span> : null}
    </>
  );
}

/** A failure across the page, with Retry where that may help. */
export function FailureBanner({
  failure,
  retry,
  onClose,
}: {
  readonly failure: Failure;
  readonly retry?: () => unknown;
  readonly onClose: () => void;
}): VNode {
  const again = (): void => {
    onClose();
    retry?.();
  };
  return (
    <Banner
      kind="error"
      testid="error"
      onClose={onClose}
      actions={retry ? [{ label: "Retry", testid: "retry", run: again }] : []}
    >
      <FailureText failure={failure} />
    </Banner>
  );
}

/** Says `text` to screen readers when it has stayed the same for a moment. */
export function Announce({ text, testid }: { readonly text: string; readonly testid?: string }): VNode {
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 120);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="visually-hidden" aria-live="polite" data-testid={testid}>
      {settled}
    </div>
  );
}

/** The thin line that shows that work goes on, filled as far as is known. */
export function ProgressLine({ fraction, text }: { readonly fraction?: number; readonly text: string }): VNode {
  const percent = fraction === undefined ? undefined : Math.round(Math.min(1, Math.max(0, fraction)) * 100);
  return (
    <div
      class={`progress-line ${percent === undefined ? "endless" : ""}`}
      role="progressbar"
      aria-label={text}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={{ width: percent === undefined ? "" : `${percent}%` }} />
    </div>
  );
}

/** How many values of a picture are none. */
export function NotFiniteNote({ count }: { readonly count: number }): VNode | null {
  if (count === 0) return null;
  return (
    <p class="note" data-testid="not-finite">
      {count === 1 ? "1 value is" : `${count} values are`} NaN or infinite: drawn in magenta.
    </p>
  );
}
