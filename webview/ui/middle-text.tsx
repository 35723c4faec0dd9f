import type { VNode } from "preact";

/** So many characters at the end stay as long as there is any room: names of layers differ there. */
const TAIL = 24;

/** A text that is cut in its middle where it does not fit. */
export function MiddleText({ text }: { readonly text: string }): VNode {
  const characters = [...text];
  if (characters.length <= TAIL) return <span class="middle-only">{text}</span>;
  return (
    <span class="middle">
      <span class="middle-head">{characters.slice(0, -TAIL).join("")}</span>
      <span class="middle-tail">
        <span>{characters.slice(-TAIL).join("")}</span>
      </span>
    </span>
  );
}
