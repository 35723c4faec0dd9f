import type { VNode } from "preact";
import type { FileReason } from "../../src/protocol/session.ts";
import { Banner, FailureBanner } from "./feedback.tsx";
import { IconButton } from "./fields.tsx";
import type { SubjectSnapshot } from "./subject-store.ts";

/** What is said where something on disk changed, and the button that runs again, where that helps. */
export type Staleness = Readonly<Record<FileReason, { readonly text: string; readonly action?: string }>>;

/** Above a page: why nothing can be run, what is no longer up to date (`stale`), what failed, what was just done. */
export function Messages({
  snapshot: { boot, failure, notice },
  stale,
  controller,
  onAgain,
}: {
  readonly snapshot: SubjectSnapshot<{ readonly blocked?: string }, unknown>;
  readonly stale: Staleness[FileReason] | undefined;
  readonly controller: { dismissFailure(): void; notify(notice: string | undefined): void };
  readonly onAgain: () => void;
}): VNode {
  const blocked = boot?.blocked;
  return (
    <div class="messages">
      {blocked !== undefined ? (
        <Banner kind="warning" testid="blocked">
          {blocked}
        </Banner>
      ) : null}
      {stale ? (
        <Banner
          kind="warning"
          testid="stale"
          actions={
            stale.action && blocked === undefined ? [{ label: stale.action, testid: "run-again", run: onAgain }] : []
          }
        >
          {stale.text}
        </Banner>
      ) : null}
      {failure ? <FailureBanner {...failure} onClose={() => controller.dismissFailure()} /> : null}
      {notice ? (
        <div class="notice" data-testid="notice">
          <span>{notice}</span>
          <IconButton icon="close" label="Close this message" onClick={() => controller.notify(undefined)} />
        </div>
      ) : null}
    </div>
  );
}
