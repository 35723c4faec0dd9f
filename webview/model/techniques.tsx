import type { VNode } from "preact";
import type { EditorTechnique } from "../../src/protocol/editor.ts";
import { Icon } from "../ui/fields.tsx";
import { ReasonButton } from "../ui/reason-button.tsx";

/**
 * The way to all techniques, and those that are pinned or were used last, each in its place. One that cannot work for
 * this model stays there and says why.
 */
export function Techniques({
  techniques,
  quick,
  blocked,
  onChoose,
  onAll,
}: {
  readonly techniques: readonly EditorTechnique[];
  readonly quick: readonly string[];
  /** Why none may run. */
  readonly blocked?: string;
  readonly onChoose: (id: string) => void;
  readonly onAll: () => void;
}): VNode {
  const buttons = quick.flatMap((id) => techniques.filter((technique) => technique.id === id));
  return (
    <div class="techniques" role="group" aria-label="Explain">
      <ReasonButton
        kind="primary"
        title="Choose among all methods"
        reason={blocked}
        testid="explain-with"
        onClick={onAll}
      >
        <Icon name="search" />
        Explain With…
      </ReasonButton>
      {buttons.map(({ id, title, summary, reason }) => (
        <ReasonButton
          key={id}
          title={summary}
          reason={blocked ?? reason}
          testid={`visualize-${id}`}
          onClick={() => onChoose(id)}
        >
          {title}
        </ReasonButton>
      ))}
    </div>
  );
}
