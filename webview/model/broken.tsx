import type { VNode } from "preact";
import type { EditorBoot } from "../../src/protocol/editor.ts";
import { Button } from "../ui/controls.tsx";
import { Icon } from "../ui/fields.tsx";

/** A file that cannot be shown: what is wrong, where, and what one can do. */
export function Broken({
  boot,
  onReload,
  onText,
}: {
  readonly boot: Extract<EditorBoot, { kind: "error" }>;
  readonly onReload: () => void;
  readonly onText: () => void;
}): VNode {
  return (
    <main class="broken" data-testid="broken">
      <h1>{boot.name}</h1>
      <div role="alert" class="broken-text">
        <p class="broken-message">
          <Icon name="error" />
          {boot.message}
        </p>
        {boot.where ? <p class="mono muted">{boot.where}</p> : null}
        {boot.hint ? <p>{boot.hint}</p> : null}
      </div>
      <div class="broken-actions">
        <Button kind="primary" onClick={onReload} testid="reload">
          Reload
        </Button>
        <Button onClick={onText} testid="reopen-text">
          Reopen as text
        </Button>
      </div>
    </main>
  );
}
