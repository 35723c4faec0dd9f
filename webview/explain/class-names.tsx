import type { VNode } from "preact";
import { group, plural } from "../../src/protocol/format.ts";
import type { Recipe } from "../../src/protocol/recipe.ts";
import { Button } from "../ui/controls.tsx";
import { FailureText } from "../ui/feedback.tsx";
import { ValueField } from "../ui/fields.tsx";
import { useAnswer } from "../ui/store.ts";
import type { PanelController } from "./controller.ts";

type Names = Recipe["classes"];

/**
 * An output's class names: a file beside the model, typed or browsed for, or names in the recipe itself; the first of
 * them, how many they are, and whether the output has as many. Where nobody knows any and there are as many scores as
 * ImageNet has classes, its names are offered.
 */
export function ClassNames({
  value,
  output,
  scores,
  controller,
  offers = true,
  testid,
  onChange,
}: {
  readonly value: Names;
  readonly output: string;
  /** How many scores the output has, where that is known. */
  readonly scores?: number;
  readonly controller: PanelController;
  /** Whether ImageNet's names may be offered here. */
  readonly offers?: boolean;
  readonly testid: string;
  readonly onChange: (classes: Names) => void;
}): VNode {
  const browse = async (): Promise<void> => {
    const chosen = await controller.browseClasses();
    if (chosen !== undefined) onChange(chosen.file);
  };
  const useImagenet = async (): Promise<void> => {
    const found = await controller.imagenetNames();
    if (found) onChange(scores === 1001 ? ["background", ...found.names] : found.names);
  };
  const listed = typeof value === "object";
  const offered = offers && value === undefined && (scores === 1000 || scores === 1001);
  return (
    <div class="class-names" role="group" aria-label={`Class names of ${output}`}>
      <div class="recipe-fields">
        {listed ? (
          <span class="field-label">class names: in the recipe</span>
        ) : (
          <ValueField
            label="class names"
            value={value ?? ""}
            format={String}
            parse={(text) => ({ value: text.trim() })}
            width={24}
            testid={testid}
            title="File in the model’s folder or below it: .txt with one name per line, .json, .csv"
            onChange={(classes) => onChange(classes || undefined)}
          />
        )}
        <Button testid={`${testid}-browse`} title="Choose a file of class names" onClick={() => void browse()}>
          Browse…
        </Button>
        {listed ? (
          <Button testid={`${testid}-remove`} onClick={() => onChange(undefined)}>
            Remove
          </Button>
        ) : null}
        {offered ? (
          <Button testid={`${testid}-imagenet`} onClick={() => void useImagenet()}>
            Use ImageNet’s names
          </Button>
        ) : null}
      </div>
      {offered ? (
        <p class="muted" data-testid={`${testid}-offer`}>
          {scores === 1001
            ? `No names are known. ${group(1001)} scores may be ImageNet’s ${group(1000)} classes after one called “background”.`
            : `No names are known. ${group(1000)} scores may be ImageNet’s classes, in the usual order (tench first).`}
        </p>
      ) : null}
      {listed ? <Facts testid={testid} names={value.slice(0, 5)} count={value.length} {...{ output, scores }} /> : null}
      {typeof value === "string" ? <FileFacts file={value} {...{ output, scores, controller, testid }} /> : null}
    </div>
  );
}

/** What the file holds, as soon as it was read. */
function FileFacts({
  file,
  output,
  scores,
  controller,
  testid,
}: {
  readonly file: string;
  readonly output: string;
  readonly scores?: number;
  readonly controller: PanelController;
  readonly testid: string;
}): VNode | null {
  const { answer, failure } = useAnswer(
    (signal) => controller.link.call("classNames", { file }, { signal }),
    [file],
    300,
  );
  if (failure || answer?.problem !== undefined)
    return (
      <div class="inline-error" role="alert" data-testid={`${testid}-problem`}>
        <FailureText failure={failure ?? { message: answer?.problem ?? "" }} />
      </div>
    );
  if (!answer) return null;
  return (
    <>
      <Facts testid={testid} names={answer.first} count={answer.count} {...{ output, scores }} />
      {answer.notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
    </>
  );
}

/** "1,000 names: tench, goldfish, …", and an error where the output has another number of scores. */
function Facts({
  names,
  count,
  output,
  scores,
  testid,
}: {
  readonly names: readonly string[];
  readonly count: number;
  readonly output: string;
  readonly scores?: number;
  readonly testid: string;
}): VNode {
  // One number that tells two classes apart has two names.
  const fits = scores === undefined || scores === count || (scores === 1 && count === 2);
  return (
    <>
      <p class="muted class-names-first" data-testid={`${testid}-first`}>
        {plural(count, "name")}: {names.map((name) => name || "(empty)").join(", ")}
        {count > names.length ? ", …" : ""}
      </p>
      {fits ? null : (
        <div class="inline-error" role="alert" data-testid={`${testid}-problem`}>
          <strong class="failure-message">
            {plural(count, "name")}, but {output} has {group(scores)} {scores === 1 ? "value" : "values"}.
          </strong>
          <span class="failure-hint">Choose the list that belongs to this model, or check the output.</span>
        </div>
      )}
    </>
  );
}
