import type { Artifact } from "../../protocol/artifacts.ts";
import { Random } from "../../math/random.ts";
import { breathe, noiseOn } from "./noise.ts";
import { NOISE } from "./params.ts";
import { combineOutputs } from "./samples.ts";
import type { SampleTechnique, TechniqueOutput } from "./technique.ts";

/**
 * Any technique with SmoothGrad's noise options: where noisy copies are asked for, it runs on each of them, at the
 * first one's layer, and its numbers and picture become their mean, mean of squares or variance. (Gradient methods do
 * this themselves, without drawing each time.) /
 */
export function noisy(technique: SampleTechnique): SampleTechnique {
  const { info } = technique;
  const taken = new Set(info.params.map(({ name }) => name));
  return {
    info: { ...info, params: [...info.params, ...NOISE.filter(({ name }) => !taken.has(name))] },
    async run(context): Promise<TechniqueOutput> {
      const samples = Number(context.params.samples);
      if (samples === 0) return technique.run(context);
      const random = new Random(Number(context.params.seed));
      const noisyCopy = noiseOn(context.input, Number(context.params.noise), random);
      const layer = info.needs.layer === "none" ? undefined : (await context.layers(info.needs.layer))[0].value;
      const outputs: TechniqueOutput[] = [];
      for (let sample = 0; sample < samples; sample++) {
        context.signal.throwIfAborted();
        const progress = (fraction: number | undefined, text: string): void =>
          context.progress((sample + (fraction ?? 0)) / samples, `Noisy copy ${sample + 1} of ${samples}: ${text}`);
        const copy = context.vary({ values: noisyCopy(), progress, ...(layer === undefined ? {} : { layer }) });
        outputs.push(await technique.run(copy));
        if (sample === 0) for (const note of copy.notes) context.note(note);
        await breathe();
      }
      const kind = String(context.params.noise_type);
      const combined = combineOutputs(outputs, KINDS[kind] ?? KINDS.smoothgrad);
      const [first, ...rest] = combined.views;
      return { ...combined, views: [captioned(first, samples, kind), ...rest] };
    },
  };
}

type Combine = (values: readonly number[]) => number;

const mean: Combine = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

const KINDS: Readonly<Record<string, Combine>> = {
  smoothgrad: mean,
  smoothgrad_sq: (values) => mean(values.map((value) => value * value)),
  vargrad: (values) => Math.max(0, mean(values.map((value) => value * value)) - mean(values) ** 2),
};

function captioned(artifact: Artifact, samples: number, kind: string): Artifact {
  const how = kind === "smoothgrad_sq" ? "mean of squares" : kind === "vargrad" ? "variance" : "mean";
  const unsigned = kind !== "smoothgrad" && "signed" in artifact ? { signed: false } : {};
  return { ...artifact, ...unsigned, caption: `${artifact.caption}, ${how} of ${samples} noisy copies` } as Artifact;
}
