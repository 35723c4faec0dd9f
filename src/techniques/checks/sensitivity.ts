import { numberParam, wholeNumberParam, seedParam } from "../framework/params.ts";
import { Random } from "../../math/random.ts";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { requireContinuous } from "../framework/smoothgrad.ts";
import { technique, type SampleTechnique, type TechniqueOutput } from "../framework/technique.ts";
import { isAttribution, methodOf, methodParam, OPTIONS, within } from "./checked-method.ts";
import { besideRandom, randomGenerators, randomMap, randomMapCaption, randomMapParams } from "./random-map.ts";

const PARAMS = [
  numberParam(
    "radius",
    "Radius",
    { default: 0.02, min: 1e-6, max: 1e6, step: 0.01 },
    "Largest change of each input element, in the model's input units. The default is Captum's.",
  ),
  wholeNumberParam(
    "samples",
    "Perturbations",
    { default: 10, min: 1, max: 10_000, step: 10 },
    "Number of perturbed inputs. The largest change is reported. The default is Captum's.",
  ),
  seedParam("The same seed gives the same perturbations."),
  ...randomMapParams(10),
] as const satisfies readonly ParamSpec[];

/**
 * Max-sensitivity: the largest ‖explanation(x + δ) − explanation(x)‖ / ‖explanation(x)‖ for δ drawn evenly from −radius
 * to radius in every element. Raw is [samples], each one's change. As Captum's sensitivity_max. Beside it what
 * unrelated maps have: a random map for the input and another one for each perturbed input (√2 for many signed values,
 * 0.85 for magnitudes). A map that is the same for every input has 0.
 */
export function sensitivity(methods: readonly SampleTechnique[]): SampleTechnique {
  return technique({
    info: {
      id: "sensitivity",
      title: "Max-Sensitivity",
      command: "Check Max-Sensitivity",
      group: "checks",
      summary: "How much the map changes under imperceptibly small perturbations of the input.",
      cite: "Yeh et al. 2019",
      needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
      passesFollowInput: true,
      params: [methodParam(methods.filter(isAttribution)), OPTIONS, ...PARAMS],
    },
    async run(context) {
      const method = methodOf(context, methods.filter(isAttribution));
      const samples = context.params.samples;
      const radius = context.params.radius;
      requireContinuous(context.input, "a perturbation");
      const random = new Random(context.params.seed);
      const part = 1 / (samples + 1);
      const original = await method.explain({}, within(context, 0, part, method.title));
      const changes = new Float32Array(samples);
      const unrelated = randomGenerators(context.params).map((generator) => ({
        generator,
        of: randomMap(original, generator),
        changes: new Float32Array(samples),
      }));
      for (let sample = 0; sample < samples; sample++) {
        context.progress((sample + 1) * part, `Perturbation ${sample + 1} of ${samples}`);
        const moved = context.input.values.map((value) => value + radius * (2 * random.uniform() - 1));
        const raw = await method.explain(
          { values: moved },
          within(context, (sample + 1) * part, part, `Perturbation ${sample + 1} of ${samples}`),
        );
        changes[sample] = changeOf(original, raw);
        for (const one of unrelated) one.changes[sample] = changeOf(one.of, randomMap(original, one.generator));
        await yieldToEventLoop();
      }
      const { max_sensitivity: largest, mean_sensitivity: mean } = numbersOf(changes);
      const artifact: CurvesArtifact = {
        kind: "curves",
        id: "sensitivity",
        title: `Max-sensitivity: ${method.title}`,
        x: { label: "perturbation" },
        y: { label: "relative change of the map", min: 0 },
        lines: [
          { id: "changes", label: "Each perturbation", x: changes.map((_, i) => i + 1), y: changes, style: "points" },
          {
            id: "most",
            label: "Largest",
            x: Float32Array.of(1, Math.max(2, samples)),
            y: Float32Array.of(largest, largest),
            style: "guide",
            summary: { label: "max-sensitivity", value: largest },
          },
        ],
        numbers: besideRandom(
          [
            {
              id: "max_sensitivity",
              label: "Max-sensitivity",
              value: largest,
              help: "Largest change relative to the map's L2 norm. Lower is more stable; above 1 the map is a different one.",
              better: "lower",
            },
            {
              id: "mean_sensitivity",
              label: "Mean change",
              value: mean,
              help: "Mean over all perturbations. Lower is more stable.",
              better: "lower",
            },
          ],
          unrelated.map((one) => numbersOf(one.changes)),
        ),
        reading:
          `Each input element was changed by at most ${radius}. A map that changes much more than the input reflects noise as much as the model. ` +
          "Random maps that have nothing to do with each other show how far apart maps can be. A map that ignores the input never changes, so a low value alone proves nothing.",
        caption: `${samples} perturbations, radius ${radius}${randomMapCaption(context.params)}`,
      };
      return { raw: { dims: [samples], values: changes }, views: [artifact] };
    },
  });
}

function numbersOf(changes: Float32Array): { max_sensitivity: number; mean_sensitivity: number } {
  return {
    max_sensitivity: changes.reduce((a, b) => Math.max(a, b), 0),
    mean_sensitivity: changes.reduce((a, b) => a + b, 0) / changes.length,
  };
}

/**
 * ‖other − one‖ / ‖one‖, each part's effect counted once; by elements, where the moved input has other parts
 * (segments).
 */
function changeOf(one: TechniqueOutput["raw"], other: TechniqueOutput["raw"]): number {
  const samePart = one.effects !== undefined && one.effects.parts.length === other.effects?.parts.length;
  const [from, to] = samePart ? [one.effects.parts, other.effects!.parts] : [one.values, other.values];
  return norm(to, (i) => from[i]) / (norm(from, () => 0) || 1);
}

/** The length of values − others. */
function norm(values: Float32Array, other: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - other(i)) ** 2;
  return Math.sqrt(sum);
}
