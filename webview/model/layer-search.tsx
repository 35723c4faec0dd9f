import type { Ref, VNode } from "preact";
import type { LayerDescription } from "../../src/protocol/model.ts";
import { plural } from "../../src/protocol/format.ts";
import { Checkbox, TextField } from "../ui/controls.tsx";

/** What a search found: the layers that are listed, and how many more are among the plumbing that is not. */
export interface FoundLayers {
  readonly layers: readonly LayerDescription[];
  readonly hidden: number;
}

/**
 * The search of the layer table: Escape clears it, Down leads to the list, Enter selects the first hit and then each
 * after it. Beside it, whether plumbing is listed, and how much of it is not.
 */
export function LayerSearch({
  text,
  found,
  plumbing,
  isShown,
  focusRef,
  onSearch,
  onNext,
  onDown,
  onShow,
}: {
  readonly text: string;
  readonly found: FoundLayers;
  /** How many of the model's layers are plumbing. */
  readonly plumbing: number;
  readonly isShown: boolean;
  readonly focusRef: Ref<HTMLElement>;
  readonly onSearch: (text: string) => void;
  /** The next hit (1), or the one before (-1). */
  readonly onNext: (by: 1 | -1) => void;
  readonly onDown: () => void;
  readonly onShow: (shown: boolean) => void;
}): VNode {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && text !== "") onSearch("");
    else if (event.key === "ArrowDown") onDown();
    else if (event.key === "Enter") onNext(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isSearch = text.trim() !== "";
  const hits = isSearch ? plural(found.layers.length, "hit") : "";
  const more = found.hidden > 0 ? `${plural(found.hidden, isSearch ? "hit" : "node")} hidden` : "";
  return (
    <>
      <TextField
        class="search"
        icon="search"
        label="Search layers"
        placeholder="Search: name, op:Conv"
        value={text}
        testid="search"
        title="All words must occur in the name, the operator or an output. op:Conv filters by operator. ( / ) Enter selects the next hit, Down goes to the list, Escape clears."
        focusRef={focusRef}
        onInput={onSearch}
        onKeyDown={onKeyDown}
      />
      <span class="muted hits" role="status" data-testid="hits">
        {[hits, more].filter(Boolean).join(", ")}
      </span>
      {plumbing > 0 ? (
        <Checkbox
          checked={!isShown}
          onChange={(hide) => onShow(!hide)}
          testid="hide-plumbing"
          title={`Nodes that only compute shapes or constants, or hand on what they are given (Shape, the Gather of a shape, Identity): ${plural(plumbing, "node")} of this model.`}
        >
          Hide plumbing
        </Checkbox>
      ) : null}
    </>
  );
}
