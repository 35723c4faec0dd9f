import type { VNode } from "preact";
import { unknownKind } from "../../src/draw/kinds/index.ts";

/** Stands where a result of another version should be. */
export function UnknownKind({ kind }: { readonly kind: string }): VNode {
  return (
    <p class="empty" role="alert" data-testid="unknown-kind">
      {unknownKind(kind)}
    </p>
  );
}
