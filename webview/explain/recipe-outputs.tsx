import type { VNode } from "preact";
import type { Provenance } from "../../src/protocol/result.ts";
import { READINGS, READING_WORDS } from "../../src/protocol/readings.ts";
import { OUTPUT_KINDS, type OutputKind, type OutputRecipe, type Recipe } from "../../src/protocol/recipe.ts";
import type { PanelBoot } from "../../src/protocol/panel.ts";
import { Select, ValueField } from "../ui/fields.tsx";
import type { Parsed } from "../ui/parsed.ts";
import { ClassNames } from "./class-names.tsx";
import type { PanelController } from "./controller.ts";

/** As people say them; the value is the recipe's word. */
const LABELS: Readonly<Record<OutputKind, string>> = {
  logits: "logits",
  probabilities: "probabilities",
  independent: "independent scores",
  "log-probabilities": "log-probabilities",
  regression: "plain values",
  label: "label",
  mask: "map over the image",
  image: "picture",
  boxes: "boxes",
  embedding: "feature vector",
};

/** What each output's numbers mean: what was found, and the person's own word on it; and its class names. */
export function OutputFields({
  names,
  recipe,
  scores,
  controller,
  found,
  onChange,
}: {
  readonly names: readonly string[];
  readonly recipe: Recipe;
  readonly scores: PanelBoot["scores"];
  readonly controller: PanelController;
  readonly found: Provenance["output"];
  readonly onChange: (outputs: Recipe["outputs"]) => void;
}): VNode {
  const set = (name: string, change: OutputRecipe): void => {
    const said = { ...recipe.outputs?.[name], ...change };
    const next = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as OutputRecipe;
    const others = Object.fromEntries(Object.entries(recipe.outputs ?? {}).filter(([other]) => other !== name));
    const all = { ...others, ...(Object.keys(next).length > 0 ? { [name]: next } : {}) };
    onChange(Object.keys(all).length > 0 ? all : undefined);
  };
  return (
    <>
      {names.map((name, place) => (
        <Output
          key={name}
          name={name}
          said={recipe.outputs?.[name] ?? {}}
          scores={scores[name]}
          controller={controller}
          // The first one's names are asked for above.
          offers={place > 0}
          found={found?.name === name ? found : undefined}
          onChange={(change) => set(name, change)}
        />
      ))}
    </>
  );
}

function Output({
  name,
  said,
  scores,
  controller,
  offers,
  found,
  onChange,
}: {
  readonly name: string;
  readonly said: OutputRecipe;
  readonly scores?: number;
  readonly controller: PanelController;
  readonly offers: boolean;
  readonly found: Provenance["output"];
  readonly onChange: (change: OutputRecipe) => void;
}): VNode {
  const guessed = found && !said.kind && OUTPUT_KINDS.find((kind) => kind === found.kind);
  return (
    <fieldset class="recipe-input" data-testid={`recipe-output-${name}`}>
      <legend class="mono">{name}</legend>
      <div class="recipe-fields">
        <Select
          label="means"
          shown
          value={said.kind ?? ""}
          testid={`recipe-output-kind-${name}`}
          title="The meaning of the output's values, used by everything that shows or explains them"
          choices={[
            { value: "", label: guessed ? `automatic: ${LABELS[guessed]}` : "automatic" },
            ...OUTPUT_KINDS.map((kind) => ({ value: kind, label: LABELS[kind] })),
          ]}
          onChange={(kind) => onChange({ kind: kind === "" ? undefined : kind })}
        />
        <Select
          label="shown as"
          shown
          value={said.as ?? ""}
          testid={`recipe-output-as-${name}`}
          title="The form in which predictions show the output"
          choices={[
            { value: "", label: "automatic" },
            ...READING_WORDS.map((word) => ({ value: word, label: READINGS[word] })),
          ]}
          onChange={(as) => onChange({ as: as === "" ? undefined : as })}
        />
        {said.as === "number" || said.kind === "regression" || said.unit !== undefined ? (
          <ValueField
            label="unit"
            value={said.unit ?? ""}
            format={String}
            parse={(text) => ({ value: text.trim() })}
            width={8}
            testid={`recipe-output-unit-${name}`}
            title="What the numbers are measured in, such as mm"
            onChange={(unit) => onChange({ unit: unit || undefined })}
          />
        ) : null}
        {said.as === "keypoints" || said.skeleton !== undefined ? (
          <ValueField
            label="skeleton"
            value={said.skeleton ?? []}
            format={(pairs) => pairs.map((pair) => pair.join("-")).join(" ")}
            parse={parseSkeleton}
            width={20}
            testid={`recipe-output-skeleton-${name}`}
            title="Pairs of points that a line connects, by their numbers from 0, such as 0-1 1-2"
            onChange={(skeleton) => onChange({ skeleton: skeleton.length > 0 ? skeleton : undefined })}
          />
        ) : null}
        {found ? <p class="muted recipe-output-why">{found.why}</p> : null}
      </div>
      <ClassNames
        value={said.classes}
        output={name}
        scores={scores}
        controller={controller}
        offers={offers}
        testid={`recipe-output-classes-${name}`}
        onChange={(classes) => onChange({ classes })}
      />
    </fieldset>
  );
}

/** "0-1 1-2" as pairs. */
function parseSkeleton(text: string): Parsed<NonNullable<OutputRecipe["skeleton"]>> {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const pairs = words.map((word) => /^(\d+)-(\d+)$/.exec(word));
  return pairs.every((pair) => pair !== null)
    ? { value: pairs.map((pair) => [Number(pair[1]), Number(pair[2])] as const) }
    : { problem: "Pairs of numbers from 0, such as 0-1 1-2." };
}
