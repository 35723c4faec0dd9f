import type { VNode } from "preact";
import type { EditorBoot } from "../../src/protocol/editor.ts";
import { Button } from "../ui/controls.tsx";
import { Icon } from "../ui/fields.tsx";
import { MenuButton } from "../ui/menu.tsx";

/** Those that are worth a button of their own, in this order; all others are in the menu after them. */
const usual = ["predictions", "feature-maps", "saliency", "integrated-gradients", "cam", "grad-cam"];

/** The techniques to look at this model with. */
export function Techniques({
  techniques,
  blocked,
  onChoose,
}: {
  readonly techniques: Extract<EditorBoot, { kind: "model" }>["techniques"];
  readonly blocked: boolean;
  readonly onChoose: (id: string) => void;
}): VNode {
  const buttons = usual.flatMap((id) => techniques.filter((technique) => technique.id === id));
  const others = techniques.filter((technique) => !usual.includes(technique.id));
  return (
    <div class="techniques" role="group" aria-label="Visualize">
      {buttons.map((technique) => (
        <Button
          key={technique.id}
          title={technique.summary}
          disabled={blocked}
          testid={`visualize-${technique.id}`}
          onClick={() => onChoose(technique.id)}
        >
          {technique.title}
        </Button>
      ))}
      {others.length ? (
        <MenuButton
          label="More techniques"
          title="More techniques"
          testid="visualize-more"
          disabled={blocked}
          items={others.map((technique) => ({
            id: technique.id,
            label: technique.title,
            run: () => onChoose(technique.id),
          }))}
        >
          More
          <Icon name="chevron-down" />
        </MenuButton>
      ) : null}
    </div>
  );
}
