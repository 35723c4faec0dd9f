import type { VNode } from "preact";
import type { ProblemDescription } from "../../src/protocol/model.ts";
import { Icon, IconButton } from "../ui/fields.tsx";

const order = { error: 0, warning: 1, info: 2 } as const;
const words = { error: "Error", warning: "Warning", info: "Note" } as const;

/** What is wrong or odd in the file, the worst first. */
export function Problems({
  problems,
  onCopy,
}: {
  readonly problems: readonly ProblemDescription[];
  readonly onCopy: (text: string, what: string) => void;
}): VNode {
  if (!problems.length)
    return (
      <p class="empty" data-testid="no-problems">
        <Icon name="pass" /> No problems found in this file.
      </p>
    );
  const sorted = [...problems].sort((a, b) => order[a.severity] - order[b.severity]);
  return (
    <ul class="problems" data-testid="problems" aria-label="Problems">
      {sorted.map((problem, place) => (
        <li key={place} class={`problem ${problem.severity}`}>
          <Icon name={problem.severity} />
          <span class="visually-hidden">{words[problem.severity]}:</span>
          <span class="problem-message">
            {problem.message}
            {problem.where ? <span class="mono muted"> {problem.where}</span> : null}
          </span>
          <IconButton
            icon="copy"
            label="Copy this problem"
            onClick={() => onCopy(`${problem.message}${problem.where ? ` (${problem.where})` : ""}`, "the problem")}
          />
        </li>
      ))}
    </ul>
  );
}
