import type { VNode } from "preact";
import { estimate, formatEstimate } from "../../src/protocol/cost.ts";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import { Icon } from "../ui/fields.tsx";
import { roveFocus } from "../ui/roving.ts";
import { Chip } from "./chip.tsx";
import type { PanelController } from "./controller.ts";

/**
 * The method that is shown, as a chip that opens the list of all, and the pinned and recent ones as buttons in places
 * that never move: the arrow keys go along them, Enter takes one. What cannot work for the model says why.
 */
export function Methods({
  boot,
  state,
  controller,
}: {
  readonly boot: PanelBoot;
  readonly state: PanelState;
  readonly controller: PanelController;
}): VNode {
  const { techniques, methods, unfit } = boot;
  const { technique } = controller;
  const placed = methods.places.flatMap((id) => techniques.find((info) => info.id === id) ?? []);
  const usable = placed.filter(({ id }) => unfit[id] === undefined || id === state.technique);
  const stop = usable.some(({ id }) => id === state.technique) ? state.technique : usable[0]?.id;
  return (
    <>
      <Chip
        what="method"
        plain
        title={`${technique ? about(technique) : "Choose a method"}\nClick for all methods`}
        testid="method"
        onClick={() => void controller.pickMethod()}
      >
        {technique?.title ?? state.technique}
      </Chip>
      <div class="methods" role="toolbar" aria-label="Methods" onKeyDown={roveFocus} data-testid="methods">
        {placed.map((info) => {
          const { id, title } = info;
          const reason = id === state.technique ? undefined : unfit[id];
          const cost = formatEstimate(estimate(info, state.params[id], boot.speeds, techniques));
          return (
            <button
              key={id}
              type="button"
              class="method"
              data-rove
              aria-pressed={id === state.technique}
              // Not `disabled`: a screen reader must be able to reach the reason.
              aria-disabled={reason !== undefined || undefined}
              tabIndex={id === stop ? 0 : -1}
              title={[reason === undefined ? about(info) : `Not for this model: ${reason}`, cost]
                .filter(Boolean)
                .join("\n")}
              data-testid={`method-${id}`}
              onClick={() => {
                if (reason === undefined) controller.chooseTechnique(id);
              }}
            >
              {methods.pinned.includes(id) ? <Icon name="pinned" /> : null}
              {title}
            </button>
          );
        })}
      </div>
    </>
  );
}

function about({ summary, cite }: TechniqueInfo): string {
  return cite ? `${summary}\n${cite}` : summary;
}
