import type { VNode } from "preact";
import { roveFocus } from "../ui/roving.ts";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";

/** All methods in a row, one click apart: the arrow keys move along it, Enter takes one. */
export function Methods({ techniques, chosen, onChoose }: {
  readonly techniques: readonly TechniqueInfo[]; readonly chosen: string; readonly onChoose: (id: string) => void;
}): VNode {
  const stop = techniques.some((technique) => technique.id === chosen) ? chosen : techniques[0]?.id;
  return (
    <div class="methods" role="toolbar" aria-label="Methods" onKeyDown={roveFocus} data-testid="methods">
      {techniques.map((technique) => (
        <button key={technique.id} type="button" class="method" data-rove aria-pressed={technique.id === chosen} tabIndex={technique.id === stop ? 0 : -1}
          title={`${technique.summary}${technique.cite ? `\n${technique.cite}` : ""}`} data-testid={`method-${technique.id}`} onClick={() => onChoose(technique.id)}>
          {technique.title}
        </button>
      ))}
    </div>
  );
}
