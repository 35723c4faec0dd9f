import type { VNode } from "preact";
import type { ModelDescription } from "../../src/protocol/model.ts";
import { plural } from "../../src/protocol/format.ts";
import { Banner } from "../ui/feedback.tsx";

/** Says of a model that cannot be run what is wrong and where, and what of it can be looked at all the same. */
export function CannotRun({
  model,
  onProblems,
  onReload,
}: {
  readonly model: ModelDescription;
  readonly onProblems: () => void;
  readonly onReload: () => void;
}): VNode | null {
  const limit = model.limits?.find(({ obstacle }) => obstacle === "run");
  if (!limit) return null;
  const left = [
    ...(model.layers.length > 0 ? [`its ${plural(model.layers.length, "node")} and their attributes`] : []),
    ...(model.inputs.length + model.outputs.length > 0 ? ["its inputs and outputs"] : []),
    "the weights whose bytes are there",
  ];
  return (
    <Banner
      kind="error"
      testid="cannot-run"
      actions={[
        ...(model.problems.length > 0
          ? [{ label: plural(model.problems.length, "Problem"), run: onProblems, testid: "show-problems" }]
          : []),
        { label: "Reload", run: onReload, testid: "reload-broken" },
      ]}
    >
      <strong class="failure-message">This model cannot be run, so its methods are disabled.</strong>
      <span>{limit.reason}</span>
      {limit.where ? <span class="failure-where">{limit.where}</span> : null}
      <span class="failure-hint">You can still look at {new Intl.ListFormat("en").format(left)}.</span>
    </Banner>
  );
}
