import type { VNode } from "preact";

/** At most so many characters at the end stay as long as there is any room: names of layers differ there. */
const TAIL = 24;
/** Shorter texts have no middle worth cutting. */
const SHORT = 12;

/** A text that is cut in its middle where it does not fit. */
export function MiddleText({ text }: { readonly text: string }): VNode {
  const characters = [...text];
  if (characters.length <= SHORT) return <span class="middle-only">{text}</span>;
  const tail = Math.min(TAIL, Math.ceil((characters.length * 2) / 3));
  return (
    <span class="middle">
      <span class="middle-head">{characters.slice(0, -tail).join("")}</span>
      <span class="middle-tail">
        <span>{characters.slice(-tail).join("")}</span>
      </span>
    </span>
  );
}
