import { splitList } from "../../protocol/list.ts";
import type { Code, Question, Template } from "./method.ts";
import { boolean, list, number, numbersIn, text, tuple } from "./text.ts";

/** One call of a Captum class: `raw` is what its attribute() gives. */
function call(name: string, args: readonly string[], more: Partial<Code> & { readonly over?: string } = {}): Code {
  const { over, ...rest } = more;
  const subject = over ?? (rest.layer ? `${name}(explained, layer)` : `${name}(explained)`);
  return {
    packages: ["captum"],
    imports: [`from captum.attr import ${name}`],
    lines: [`raw = ${subject}.attribute(${["x", ...args].join(", ")}).detach().numpy()`],
    ...rest,
  };
}

/** What "auto" stands for: 0. */
function baselineText(params: Question["params"]): string {
  const text = String(params.baseline ?? "auto").trim();
  return text === "auto" ? "0" : text;
}

/** A baseline as Captum takes one: a number, or a file's array. */
export function baseline({ params }: Question): string {
  const [value = "0"] = splitList(baselineText(params));
  return /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value) ? number(value) : `load(${text(value)})`;
}

/** Several baselines, stacked: a distribution. */
function distribution({ params }: Question): string {
  const parts = splitList(baselineText(params));
  const one = (part: string): string =>
    Number.isFinite(Number(part)) ? `torch.full_like(x[0], ${number(part)})` : `load(${text(part)})[0]`;
  return `torch.stack([${parts.map(one).join(", ")}])`;
}

const path = (question: Question): string[] => [`baselines=${baseline(question)}`, "target=target", ...steps(question)];
const steps = ({ params }: Question): string[] => [
  `n_steps=${number(params.steps)}`,
  `method=${text(String(params.rule))}`,
];

/** Captum modifies nn.ReLU alone, and leaves ReLU6 its gradient. */
const withReLU6 = (name: string): readonly string[] => [
  `class WithReLU6(${name}):`,
  `    """Captum's ${name} modifies nn.ReLU only; this one also ReLU6."""`,
  "",
  "    def _register_hooks(self, module):",
  "        if isinstance(module, torch.nn.ReLU6):",
  "            self.backward_hooks.extend(_register_backward_hook(module, self._backward_hook, self))",
  "        else:",
  "            super()._register_hooks(module)",
];

/** A Captum class that has a GuidedBackprop inside, which is to modify ReLU6 as well. */
function guided(
  imports: readonly string[],
  lines: readonly string[],
  name: string,
): Pick<Code, "imports" | "define" | "lines"> {
  return {
    imports: [
      "from captum._utils.common import _register_backward_hook",
      ...imports.map((one) => one.replace(" import ", " import GuidedBackprop, ")),
    ],
    define: withReLU6("GuidedBackprop"),
    lines: lines.flatMap((line) =>
      line.includes(`${name}(explained, layer)`)
        ? [
            `explainer = ${name}(explained, layer)`,
            "explainer.guided_backprop = WithReLU6(explained)",
            line.replace(`${name}(explained, layer)`, "explainer"),
          ]
        : [line],
    ),
  };
}

const modified =
  (name: string): Template =>
  () =>
    call(name, ["target=target"], {
      imports: ["from captum._utils.common import _register_backward_hook", `from captum.attr import ${name}`],
      define: withReLU6(name),
      over: "WithReLU6(explained)",
    });

const onLayer =
  (name: string, args: (question: Question) => string[] = () => ["target=target"]): Template =>
  (question) =>
    call(name, args(question), { layer: true });

/** The neuron that was asked for, or the most active one. */
const onNeuron =
  (name: string, args: (question: Question) => string[], remarks?: readonly string[]): Template =>
  (question) => {
    const asked = numbersIn(question.params.neuron);
    const chosen =
      asked.length > 0
        ? [`neuron = ${tuple(asked)}`]
        : [
            "activation = LayerActivation(explained, layer).attribute(x)",
            "neuron = tuple(int(i) for i in np.unravel_index(int(activation[0].argmax()), activation.shape[1:]))  # the most active one",
          ];
    const { lines, ...rest } = call(name, ["neuron_selector=neuron", ...args(question)], {
      layer: true,
      imports: [
        `from captum.attr import ${[...(asked.length > 0 ? [] : ["LayerActivation"]), name].sort().join(", ")}`,
      ],
    });
    return { ...rest, lines: [...chosen, ...lines], ...(remarks ? { remarks } : {}) };
  };

const DEEPLIFT =
  "Captum's DeepLift has rules for modules that are used once: functional activations, attention and layer normalisation keep their gradient there, and only one of overlapping MaxPool windows counts.";

/** What Captum's DeepLift lacks on common networks: a rule for ReLU6, and a copy of what is pooled. */
function deepLift(name: string, args: readonly string[], more: Pick<Code, "layer" | "remarks"> = {}): Code {
  const { lines, ...rest } = call(name, args, {
    ...(more.layer ? { layer: true } : {}),
    imports: [`from captum.attr import ${name}`, "from captum.attr._core import deep_lift"],
  });
  return {
    ...rest,
    remarks: [DEEPLIFT, ...(more.remarks ?? [])],
    define: [
      "class Copied(torch.nn.Module):",
      '    """Pools a copy, which Captum\'s MaxPool rule needs."""',
      "",
      "    def __init__(self, pool):",
      "        super().__init__()",
      "        self.pool = pool",
      "",
      "    def forward(self, x):",
      "        return self.pool(x.clone())",
    ],
    lines: [
      "deep_lift.SUPPORTED_NON_LINEAR[torch.nn.ReLU6] = deep_lift.nonlinear",
      "for parent in [module for module in model.modules() if not isinstance(module, Copied)]:",
      "    for name, child in list(parent.named_children()):",
      "        if isinstance(child, (torch.nn.MaxPool1d, torch.nn.MaxPool2d, torch.nn.MaxPool3d)):",
      "            setattr(parent, name, Copied(child))",
      ...lines,
    ],
  };
}

export const captumTemplates: Readonly<Record<string, Template>> = {
  saliency: ({ params }) => call("Saliency", ["target=target", `abs=${boolean(params.absolute)}`]),
  "input-x-gradient": () => call("InputXGradient", ["target=target"]),
  "integrated-gradients": (question) => call("IntegratedGradients", path(question)),
  "expected-gradients": (question) =>
    call(
      "GradientShap",
      [
        `baselines=${distribution(question)}`,
        "target=target",
        `n_samples=${number(question.params.samples)}`,
        `stdevs=${number(question.params.noise)} * float(x.max() - x.min())`,
      ],
      { remarks: ["Captum draws different random numbers: the results agree within sampling error."] },
    ),
  "guided-backprop": modified("GuidedBackprop"),
  deconvolution: modified("Deconvolution"),
  deeplift: (question) => deepLift("DeepLift", [`baselines=${baseline(question)}`, "target=target"]),
  "deeplift-shap": (question) =>
    splitList(String(question.params.baseline)).length > 1
      ? deepLift("DeepLiftShap", [`baselines=${distribution(question)}`, "target=target"])
      : deepLift("DeepLift", [`baselines=${baseline(question)}`, "target=target"], {
          remarks: ["Captum's DeepLiftShap needs at least two baselines; with one it is DeepLift."],
        }),
  "layer-deeplift": (question) =>
    deepLift("LayerDeepLift", [`baselines=${baseline(question)}`, "target=target"], { layer: true }),
  "layer-activation": onLayer("LayerActivation", () => []),
  "feature-maps": onLayer("LayerActivation", () => []),
  "layer-gradient-x-activation": onLayer("LayerGradientXActivation"),
  "layer-conductance": onLayer("LayerConductance", path),
  "internal-influence": onLayer("InternalInfluence", path),
  "layer-integrated-gradients": onLayer("LayerIntegratedGradients", path),
  "neuron-gradient": onNeuron("NeuronGradient", () => []),
  "neuron-conductance": onNeuron("NeuronConductance", path),
  "neuron-integrated-gradients": onNeuron("NeuronIntegratedGradients", (question) => [
    `baselines=torch.zeros_like(x) + ${baseline(question)}`,
    ...steps(question),
  ]),
  "neuron-guided-backprop": (question) => {
    const { lines, imports, ...rest } = onNeuron("NeuronGuidedBackprop", () => [])(question) as Code;
    return { ...rest, ...guided(imports, lines, "NeuronGuidedBackprop") };
  },
  "guided-gradcam": ({ params }) => {
    const { lines, imports, ...rest } = call(
      "GuidedGradCam",
      ["target=target", `interpolate_mode=${text(params.interpolation === "linear" ? "bilinear" : "nearest")}`],
      { layer: true },
    );
    return { ...rest, ...guided(imports, lines, "GuidedGradCam") };
  },
  occlusion: (question) => {
    const { params } = question;
    const size = (value: unknown, automatic: string, still: string): string => {
      const numbers = numbersIn(value);
      if (numbers.length > 1) return list(numbers);
      const one = numbers.length === 1 ? String(numbers[0]) : automatic;
      return `[${one} if axis in space else ${still} for axis in range(1, x.ndim)]`;
    };
    return {
      ...call("Occlusion", [
        `baselines=${baseline(question)}`,
        "target=target",
        "sliding_window_shapes=tuple(window)",
        "strides=tuple(stride)",
      ]),
      lines: [
        "space = range(2, x.ndim) if x.ndim > 2 else [1]  # axes that the window slides along; all channels at once",
        `window = ${size(params.window, "max(1, round(x.shape[axis] * 15 / 224))", "x.shape[axis]")}`,
        `stride = ${size(params.stride, "max(1, round(window[axis - 1] * 8 / 15))", "window[axis - 1]")}`,
        `raw = Occlusion(explained).attribute(x, baselines=${baseline(question)}, target=target, sliding_window_shapes=tuple(window), strides=tuple(stride)).numpy()`,
      ],
    };
  },
  "feature-ablation": featureAblation,
};

function featureAblation(question: Question): Code {
  const { params } = question;
  const [grid, segments, mask] = [Number(params.grid), Number(params.segments), String(params.mask ?? "").trim()];
  const parts: Pick<Code, "packages" | "imports" | "lines" | "remarks"> =
    mask !== ""
      ? {
          packages: ["captum"],
          imports: [],
          lines: [`parts = torch.from_numpy(np.load(${text(mask)})).long().expand_as(x)`],
          remarks: ["The mask file as an integer .npy, with one number per part."],
        }
      : segments > 0
        ? {
            packages: ["captum", "scikit-image"],
            imports: ["from skimage.segmentation import slic"],
            lines: [
              "picture = x[0].movedim(0, -1).numpy()",
              "picture = (picture - picture.min()) / (picture.max() - picture.min())",
              `parts = torch.from_numpy(slic(picture, n_segments=${number(segments)}, start_label=0)).long().expand_as(x)`,
            ],
            remarks: [
              "Segments are computed here from the image in the model's units, in Neural Loupe from its bytes: borders may differ by a pixel.",
            ],
          }
        : {
            packages: ["captum"],
            imports: [],
            lines: [
              "shape = x.shape[2:] or x.shape[1:]",
              `cells = np.indices(shape) // ${number(grid)} if x.ndim > 2 else np.indices(shape)  # a row's columns are parts by themselves`,
              "parts = torch.from_numpy(np.ravel_multi_index(tuple(cells), shape)).expand_as(x)",
              "parts = torch.unique(parts, return_inverse=True)[1]",
            ],
          };
  return {
    ...parts,
    imports: ["from captum.attr import FeatureAblation", ...parts.imports],
    lines: [
      ...parts.lines,
      `raw = FeatureAblation(explained).attribute(x, baselines=${baseline(question)}, target=target, feature_mask=parts).numpy()`,
    ],
  };
}
