import type { ImageRecipe } from "../../protocol/recipe.ts";
import { baseline } from "./captum.ts";
import type { Question, Template } from "./method.ts";
import { number, numbersIn } from "./text.ts";

/** zennit's composite for each of the rules that `lrp` has. */
function composite({ params, recipe }: Question): {
  imports: readonly string[];
  before: readonly string[];
  made: string;
} {
  const [epsilon, gamma] = [number(params.epsilon), number(params.gamma)];
  const composites = "from zennit.composites import";
  const everywhere = (rule: string, hook: string) => ({
    imports: [
      `${composites} LayerMapComposite, layer_map_base`,
      `from zennit.rules import ${rule}`,
      "from zennit.types import Linear",
    ],
    before: [],
    made: `LayerMapComposite([*layer_map_base(), (Linear, ${hook})], canonizers=canonizers)`,
  });
  const first = (rule: string, hook: string, before: readonly string[] = []) => ({
    imports: [
      `${composites} SpecialFirstLayerMapComposite, layer_map_base`,
      `from zennit.rules import ${[rule, "ZPlus"].sort().join(", ")}`,
      "from zennit.types import Linear",
    ],
    before,
    made: `SpecialFirstLayerMapComposite([*layer_map_base(), (Linear, ZPlus())], [(Linear, ${hook})], canonizers=canonizers)`,
  });
  const named = (name: string, args: string, before: readonly string[] = []) => ({
    imports: [`${composites} ${name}`],
    before,
    made: `${name}(${args ? `${args}, ` : ""}canonizers=canonizers)`,
  });
  switch (params.rule) {
    case "gamma":
      return everywhere("Gamma", `Gamma(${gamma})`);
    case "alpha_beta":
      return everywhere("AlphaBeta", `AlphaBeta(${number(params.alpha)}, ${number(params.beta)})`);
    case "zplus":
      return everywhere("ZPlus", "ZPlus()");
    case "wsquare":
      return first("WSquare", "WSquare()");
    case "flat":
      return first("Flat", "Flat()");
    case "zbox":
      return first("ZBox", "ZBox(low, high)", bounds(params, recipe));
    case "epsilon_plus":
      return named("EpsilonPlus", epsilon);
    case "epsilon_plus_flat":
      return named("EpsilonPlusFlat", epsilon);
    case "epsilon_alpha2_beta1":
      return named("EpsilonAlpha2Beta1", epsilon);
    case "epsilon_alpha2_beta1_flat":
      return named("EpsilonAlpha2Beta1Flat", epsilon);
    case "epsilon_gamma_box":
      return named("EpsilonGammaBox", `low=low, high=high, epsilon=${epsilon}, gamma=${gamma}`, bounds(params, recipe));
    case "excitation_backprop": {
      const { imports, ...rest } = named("ExcitationBackprop", "layer_map=[(Activation, Pass())]");
      return { ...rest, imports: [...imports, "from zennit.rules import Pass", "from zennit.types import Activation"] };
    }
    default:
      return everywhere("Epsilon", `Epsilon(${epsilon})`);
  }
}

/**
 * The lowest and highest values of an input: given, what the recipe makes of the darkest and brightest pixel, or the
 * sample's own.
 */
function bounds(params: Question["params"], recipe: unknown): string[] {
  const image = Object.values((recipe as { inputs?: Record<string, { kind: string }> } | undefined)?.inputs ?? {}).find(
    ({ kind }) => kind === "image",
  ) as ImageRecipe | undefined;
  return (["low", "high"] as const).map((name) => {
    const given = numbersIn(params[name]);
    const channels = image?.channels === "gray" ? 1 : 3;
    const at = (values: readonly number[], c: number): number => values[values.length === 1 ? 0 : c];
    const values =
      given.length > 0
        ? given
        : image
          ? Array.from(
              { length: channels },
              (_, c) => ((name === "low" ? 0 : 255) * image.scale - at(image.mean, c)) / at(image.std, c),
            )
          : undefined;
    if (!values) return `${name} = torch.full_like(x, float(x.${name === "low" ? "min" : "max"}()))`;
    return values.length === 1
      ? `${name} = torch.full_like(x, ${number(values[0])})`
      : `${name} = torch.tensor([${values.map(number).join(", ")}]).reshape(1, -1, *[1] * (x.ndim - 2)).expand_as(x).clone()`;
  });
}

const lrp =
  (layer: boolean): Template =>
  (question) => {
    const { imports, before, made } = composite(question);
    return {
      packages: ["zennit"],
      imports: [
        "from zennit.canonizers import SequentialMergeBatchNorm",
        "from zennit.torchvision import ResNetCanonizer",
        ...imports,
      ],
      layer,
      lines: [
        ...before,
        "# BatchNorm is merged into what precedes it. Residual sums and pools that are functions need a canonizer of their own, as ResNet has.",
        'canonizers = [ResNetCanonizer() if type(model).__name__ == "ResNet" else SequentialMergeBatchNorm()]',
        `composite = ${made}`,
        "x = x.clone().requires_grad_(True)",
        ...(layer
          ? ["kept = []", "hook = layer.register_forward_hook(lambda module, inputs, output: kept.append(output))"]
          : []),
        "with composite.context(explained) as modified:",
        "    output = modified(x)",
        "    score = output if target is None else output[(slice(None), *np.atleast_1d(target))]",
        // What comes back is the score, redistributed.
        `    (relevance,) = torch.autograd.grad(score, ${layer ? "kept[0]" : "x"}, score.detach())`,
        ...(layer ? ["hook.remove()"] : []),
        "raw = relevance.detach().numpy()",
      ],
      remarks: [
        "zennit's rules are for modules; attention and functional operators use the gradient there. Its merging of BatchNorm leaves a small ε.",
      ],
    };
  };

/** Probabilities of a model's output, by what that was taken for here. */
function probability(values: string, { output }: Question, axis: number): string {
  const form = output ? output.form : "softmax";
  switch (form) {
    case "softmax":
      return `torch.softmax(${values}, ${axis})`;
    case "sigmoid":
      return `torch.sigmoid(${values})`;
    case "exp":
      return `torch.exp(${values})`;
    default:
      return values;
  }
}

export const otherTemplates: Readonly<Record<string, Template>> = {
  lrp: lrp(false),
  "layer-lrp": lrp(true),
  predictions: (question) => ({
    packages: [],
    imports: [],
    lines: ["output = model(x).detach()", `raw = ${probability("output", question, -1)}.numpy()`],
  }),
  rise: (question) => {
    const { params } = question;
    const score =
      params.score === "probability"
        ? `${probability("explained(batch)", question, 1)}[:, target] if target is not None else explained(batch)`
        : "explained(batch)[(slice(None), *np.atleast_1d(target))] if target is not None else explained(batch)";
    return {
      packages: [],
      imports: [],
      lines: [
        `random = np.random.default_rng(${number(params.seed)})`,
        `masks, cells, shown = ${number(params.masks)}, ${number(params.cells)}, ${number(params.probability)}`,
        "size = np.array(x.shape[2:])",
        "step = np.ceil(size / cells).astype(int)",
        "total = torch.zeros(x.shape[2:])",
        "for _ in range(masks):",
        "    grid = torch.from_numpy((random.random([cells] * len(size)) < shown).astype(np.float32))[None, None]",
        '    large = torch.nn.functional.interpolate(grid, size=tuple(int(s) for s in (cells + 1) * step), mode="bilinear", align_corners=False)[0, 0]',
        "    shift = random.integers(0, step)",
        "    mask = large[tuple(slice(int(a), int(a + b)) for a, b in zip(shift, size))]",
        `    batch = x * mask + (1 - mask) * ${baseline(question)}`,
        "    with torch.no_grad():",
        `        total += float(${score}) * mask`,
        "raw = (total / (masks * shown)).numpy()",
      ],
      remarks: [
        "Neither Captum nor pytorch-grad-cam has RISE (Petsiuk et al. 2018): this is PyTorch alone, for pictures, with other random masks.",
      ],
    };
  },
};
