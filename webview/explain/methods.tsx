import type { VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import { Icon } from "../ui/fields.tsx";
import { useWidth } from "../ui/hooks.ts";
import { roveFocus } from "../ui/roving.ts";

/**
 * All methods, one click apart: the arrow keys move among them, Enter takes one. Two rows of them are shown, with the
 * chosen one in sight, and the others after "More", so that the picture stays near the top.
 */
export function Methods({
  techniques,
  chosen,
  onChoose,
}: {
  readonly techniques: readonly TechniqueInfo[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}): VNode {
  const row = useRef<HTMLDivElement>(null);
  const width = useWidth(row);
  const [all, setAll] = useState(false);
  const [overflows, setOverflows] = useState(false);
  const stop = techniques.some((technique) => technique.id === chosen) ? chosen : techniques[0]?.id;

  useLayoutEffect(() => {
    const element = row.current;
    if (!element) return;
    const buttons = [...element.querySelectorAll<HTMLElement>(".method")];
    // The one that has the focus, else the chosen one.
    const button =
      buttons.find((one) => one === document.activeElement) ?? buttons.find((one) => one.ariaPressed === "true");
    const tops = [...new Set(buttons.map((one) => one.offsetTop))].sort((a, b) => a - b);
    setOverflows(tops.length > 2);
    // Its row, and the one before it.
    const place = tops.indexOf(button?.offsetTop ?? 0);
    element.scrollTop = all || place < 2 ? 0 : tops[place - 1] - tops[0];
  }, [techniques, chosen, width, all]);

  return (
    <div class="methods-part">
      <div
        class={`methods ${all ? "" : "two-rows"}`}
        role="toolbar"
        aria-label="Methods"
        onKeyDown={roveFocus}
        data-testid="methods"
        ref={row}
      >
        {techniques.map((technique, place) => (
          <button
            key={technique.id}
            type="button"
            class={`method ${place > 0 && techniques[place - 1].group !== technique.group ? "new-group" : ""}`}
            data-rove
            aria-pressed={technique.id === chosen}
            tabIndex={technique.id === stop ? 0 : -1}
            title={`${technique.summary}${technique.cite ? `\n${technique.cite}` : ""}`}
            data-testid={`method-${technique.id}`}
            onClick={() => onChoose(technique.id)}
          >
            {technique.title}
          </button>
        ))}
      </div>
      {overflows || all ? (
        <button
          type="button"
          class="pick"
          aria-expanded={all}
          data-testid="more-methods"
          title={all ? "Show fewer methods" : `Show all ${techniques.length} methods`}
          onClick={() => setAll(!all)}
        >
          {all ? "Fewer" : "More"}
          <Icon name={all ? "chevron-up" : "chevron-down"} />
        </button>
      ) : null}
    </div>
  );
}
