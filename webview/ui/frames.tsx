import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { Announce } from "./feedback.tsx";
import { IconButton } from "./fields.tsx";

/**
 * Steps through the frames of a result: buttons before and after, and a slider between them, which arrow keys, Page Up
 * and Down, Home and End move. A screen reader hears each frame's name.
 */
export function FrameStepper({
  names,
  frame,
  onFrame,
}: {
  readonly names: readonly string[];
  readonly frame: number;
  readonly onFrame: (frame: number) => void;
}): VNode {
  const last = names.length - 1;
  const shown = Math.min(last, Math.max(0, frame));
  const slider = useRef<HTMLInputElement>(null);
  // At the ends a button is off, and would drop the focus: the slider takes it.
  const go = (next: number): void => {
    onFrame(next);
    if (next === 0 || next === last) slider.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target instanceof HTMLInputElement) return;
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (step === 0) return;
    event.preventDefault();
    go(Math.min(last, Math.max(0, shown + step)));
  };
  return (
    <div class="frame-stepper" role="group" aria-label="Frames" data-testid="frames" onKeyDown={onKeyDown}>
      <IconButton
        icon="chevron-left"
        label="Previous frame"
        disabled={shown === 0}
        onClick={() => go(shown - 1)}
        testid="frame-before"
      />
      <input
        ref={slider}
        type="range"
        min={0}
        max={last}
        step={1}
        value={shown}
        aria-label="Frame"
        aria-valuetext={names[shown]}
        data-testid="frame-slider"
        style={{ "--filled": `${(shown / Math.max(1, last)) * 100}%` }}
        onInput={(event) => onFrame(Number(event.currentTarget.value))}
      />
      <IconButton
        icon="chevron-right"
        label="Next frame"
        disabled={shown === last}
        onClick={() => go(shown + 1)}
        testid="frame-next"
      />
      <output class="frame-name number" data-testid="frame-name">
        {names[shown]}
      </output>
      <Announce testid="frame-live" text={names[shown]} />
    </div>
  );
}
