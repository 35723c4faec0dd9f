import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Provenance } from "../../src/protocol/result.ts";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";
import type { InputRecipe, Recipe } from "../../src/protocol/recipe.ts";
import { Button } from "../ui/controls.tsx";
import { FailureText } from "../ui/feedback.tsx";
import { Disclosure } from "../ui/fields.tsx";
import { useAnswer } from "../ui/store.ts";
import { ClassNames } from "./class-names.tsx";
import type { PanelController } from "./controller.ts";
import { recipeSource } from "./header.tsx";
import { InputFields } from "./recipe-fields.tsx";
import { OutputFields } from "./recipe-outputs.tsx";
import { Picture } from "../results/image.tsx";

/** How the input becomes what the model gets: seen before and after, changed, tried, saved. */
export function RecipePart({
  boot,
  state,
  controller,
  output,
  open,
}: {
  readonly boot: PanelBoot;
  readonly state: PanelState;
  readonly controller: PanelController;
  /** What the shown result took its output for. */
  readonly output?: Provenance["output"];
  readonly open: boolean;
}): VNode {
  const place = useRef<HTMLDivElement>(null);
  // The header opens it from above.
  useEffect(() => {
    if (open) place.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  return (
    <div ref={place}>
      <Disclosure
        title={
          <>
            Preprocessing and outputs
            <span class="muted" data-testid="recipe-source">
              {recipeSource(boot, state)}
            </span>
          </>
        }
        open={open}
        onToggle={(next) => controller.openRecipe(next)}
        testid="recipe"
      >
        {() => (
          <RecipeForm
            key={JSON.stringify(boot.recipe.recipe.inputs)}
            boot={boot}
            state={state}
            controller={controller}
            output={output}
          />
        )}
      </Disclosure>
    </div>
  );
}

function RecipeForm({ boot, state, controller, output }: Omit<Parameters<typeof RecipePart>[0], "open">): VNode {
  const used = state.recipe ?? boot.recipe.recipe;
  const [draft, setDraft] = useState<Recipe>(used);
  useLayoutEffect(() => setDraft(used), [used]);
  const changed = JSON.stringify(draft) !== JSON.stringify(used);
  const blocked = boot.blocked !== undefined;
  const setInput = (name: string, input: InputRecipe): void =>
    setDraft({ ...draft, inputs: { ...draft.inputs, [name]: input } });
  return (
    <div class="recipe-form" data-testid="recipe-form">
      <div class="recipe-columns">
        <div class="recipe-inputs">
          {Object.entries(draft.inputs).map(([name, input]) => (
            <InputFields key={name} name={name} recipe={input} onChange={(next) => setInput(name, next)} />
          ))}
          <ClassNames
            value={draft.classes}
            output={boot.outputs[0] ?? "the output"}
            scores={boot.scores[boot.outputs[0]]}
            controller={controller}
            testid="recipe-classes"
            onChange={(classes) => setDraft(withClasses(draft, classes))}
          />
          <OutputFields
            names={boot.outputs}
            recipe={draft}
            scores={boot.scores}
            controller={controller}
            found={output}
            onChange={(outputs) => setDraft(withOutputs(draft, outputs))}
          />
        </div>
        {Object.values(draft.inputs).some((input) => input.kind === "image") ? (
          <Preview draft={draft} state={state} controller={controller} />
        ) : null}
      </div>
      {boot.recipe.reasons.length ? (
        <ul class="reasons" aria-label="Where this comes from">
          {boot.recipe.reasons.map((reason) => (
            <li key={reason} class="note">
              {reason}
            </li>
          ))}
        </ul>
      ) : null}
      <div class="recipe-actions">
        <Button
          kind="primary"
          disabled={!changed || blocked}
          testid="recipe-use"
          title="Run with these settings without saving them"
          onClick={() => controller.useRecipe(draft)}
        >
          Use
        </Button>
        <Button
          disabled={blocked || (!changed && !state.recipe && boot.recipe.file !== undefined)}
          testid="recipe-save"
          onClick={() => void controller.saveRecipe(draft)}
        >
          Save beside the model
        </Button>
        {changed || state.recipe ? (
          <Button
            testid="recipe-revert"
            onClick={() => {
              setDraft(boot.recipe.recipe);
              if (state.recipe) controller.useRecipe(undefined);
            }}
          >
            Revert
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function withOutputs({ outputs: _, ...recipe }: Recipe, outputs: Recipe["outputs"]): Recipe {
  return outputs ? { ...recipe, outputs } : recipe;
}

function withClasses({ classes: _, ...recipe }: Recipe, classes: Recipe["classes"]): Recipe {
  return classes === undefined ? recipe : { ...recipe, classes };
}

/** The picture as it is on disk and as the model would get it with this draft. */
function Preview({
  draft,
  state,
  controller,
}: {
  readonly draft: Recipe;
  readonly state: PanelState;
  readonly controller: PanelController;
}): VNode | null {
  const { answer: pictures, failure } = useAnswer(
    (signal) => controller.link.call("preview", { state, recipe: draft }, { signal }),
    [JSON.stringify(draft.inputs), state.input, state.model],
    300,
  );
  if (failure)
    return (
      <div class="inline-error" role="alert" data-testid="preview-error">
        <FailureText failure={failure} />
      </div>
    );
  if (!pictures) return <p class="muted">Preparing…</p>;
  return (
    <div class="preview" data-testid="preview">
      <Picture image={pictures.before} />
      <span class="codicon codicon-arrow-right" aria-hidden="true" />
      <Picture image={pictures.after} />
    </div>
  );
}
