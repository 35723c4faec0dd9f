import type { Code, Question, Template } from "./method.ts";
import { boolean, list, number, numbersIn } from "./text.ts";

/** pytorch-grad-cam's class for a map, which keeps the map before it is scaled to [0, 1] and resized. */
const keeping = (name: string): readonly string[] => [
  `class Raw(${name}):`,
  '    """Keeps the map as it is before pytorch-grad-cam scales it to 0..1 and resizes it."""',
  "",
  "    def get_cam_image(self, *args, **kwargs):",
  "        self.raw = super().get_cam_image(*args, **kwargs)",
  "        return self.raw",
];

const TOKENS =
  "A vision transformer's tokens need pytorch-grad-cam's reshape_transform: [N, T, C] without the class token, as [N, C, H, W].";

/** Of frames pytorch-grad-cam takes the axis of an input with five for a volume's depth. */
const sized = ({ frames }: Question): readonly string[] =>
  frames < 2
    ? []
    : [
        "",
        "    def get_target_width_height(self, input_tensor):",
        "        return input_tensor.size(-1), input_tensor.size(-2)  # a frame's: not a volume's, with its depth",
      ];

/** All frames' maps where the layer holds several: [frames, height, width]. */
const kept = ({ frames }: Question): string => (frames < 2 ? "cam.raw[0]" : "cam.raw");

function map(question: Question): string {
  const { relu } = question.params;
  return relu === false || relu === "false" ? `raw = ${kept(question)}` : `raw = np.maximum(${kept(question)}, 0)`;
}

const remarks = ({ frames }: Question): readonly string[] =>
  frames < 2
    ? [TOKENS]
    : [TOKENS, `The layer has ${frames} frames: raw has a map for each, scaled is that of the first.`];

/** A method that pytorch-grad-cam has for single pictures only. */
const ofPictures =
  (title: string, template: Template): Template =>
  (question) =>
    question.frames < 2
      ? template(question)
      : `There is no Python code for ${title} of ${question.frames} frames: pytorch-grad-cam takes a single image.`;

const cam =
  (name: string, more: Partial<Code> = {}, before: readonly string[] = []): Template =>
  (question) => ({
    packages: ["grad-cam"],
    imports: [`from pytorch_grad_cam import ${name}`],
    define: [...keeping(name), ...sized(question)],
    layer: true,
    targets: true,
    lines: [
      ...before,
      "with Raw(model=explained, target_layers=[layer]) as cam:",
      "    scaled = cam(input_tensor=x, targets=targets)[0]  # 0..1, in the picture's size: what pytorch-grad-cam draws",
      `    ${map(question)}`,
    ],
    remarks: remarks(question),
    ...more,
  });

/** A decomposition leaves the sign open: here it is set so that the map goes with the mean of the activations. */
const signed =
  (name: string): Template =>
  (question) => ({
    packages: ["grad-cam"],
    imports: [`from pytorch_grad_cam import ${name}`],
    layer: true,
    targets: true,
    define: [
      `class Raw(${name}):`,
      '    """Keeps the map before it is scaled and resized, with the sign of the mean of the activations."""',
      "",
      "    def get_cam_image(self, input_tensor, target_layer, targets, activations, grads, *args, **kwargs):",
      "        found = super().get_cam_image(input_tensor, target_layer, targets, activations, grads, *args, **kwargs)",
      "        mean = activations.mean(1)",
      ...(question.frames < 2
        ? ["        self.raw = found * np.sign(((found - found.mean()) * (mean - mean.mean())).sum())"]
        : [
            '        space = {"axis": tuple(range(1, found.ndim)), "keepdims": True}',
            "        self.raw = found * np.sign(((found - found.mean(**space)) * (mean - mean.mean(**space))).sum(**space))",
          ]),
      "        return self.raw",
      ...sized(question),
    ],
    lines: [
      "with Raw(model=explained, target_layers=[layer]) as cam:",
      "    scaled = cam(input_tensor=x, targets=targets)[0]",
      `    ${map(question)}`,
    ],
    remarks: remarks(question),
  });

export const camTemplates: Readonly<Record<string, Template>> = {
  "grad-cam": cam("GradCAM"),
  "grad-cam++": cam("GradCAMPlusPlus"),
  "hires-cam": cam("HiResCAM"),
  "x-grad-cam": cam("XGradCAM"),
  "layer-cam": cam("LayerCAM"),
  "grad-cam-elementwise": cam("GradCAMElementWise"),
  "shapley-cam": cam("ShapleyCAM"),
  "score-cam": ofPictures("Score-CAM", cam("ScoreCAM")),
  "eigen-cam": signed("EigenCAM"),
  "eigen-grad-cam": signed("EigenGradCAM"),
  "kpca-cam": signed("KPCA_CAM"),
  "finer-cam": ofPictures("Finer-CAM", (question) => {
    const { params, target } = question;
    const classes = target?.against ? target.against : numbersIn(params.classes);
    if (!target || target.region || target.index.length !== 1)
      return "Finer-CAM compares one class with others, and this result does not explain a single class.";
    const compared =
      classes.length > 0
        ? [`others = ${list(classes)}`]
        : [
            "scores = model(x)[0].detach()",
            `others = (scores - scores[${number(target.index[0])}]).abs().argsort(stable=True)[1:${Number(params.count) + 1}].tolist()  # the classes most like the target`,
          ];
    return {
      packages: ["grad-cam"],
      imports: [
        "from pytorch_grad_cam import FinerCAM, GradCAM",
        "from pytorch_grad_cam.utils.model_targets import FinerWeightedTarget",
      ],
      define: keeping("GradCAM"),
      layer: true,
      lines: [
        ...compared,
        "with FinerCAM(model, [layer], base_method=Raw) as cam:",
        `    scaled = cam(x, [FinerWeightedTarget(${number(target.index[0])}, others, ${number(params.alpha)})])[0]`,
        `    ${map(question).replace("cam.raw", "cam.base_cam.raw")}`,
      ],
      remarks: [TOKENS],
    };
  }),
  "ablation-cam": ofPictures("Ablation-CAM", (question) => ({
    packages: ["grad-cam"],
    imports: ["from pytorch_grad_cam import AblationCAM", "from pytorch_grad_cam.ablation_layer import AblationLayer"],
    layer: true,
    targets: true,
    define: [
      ...keeping("AblationCAM"),
      "",
      "",
      "class ToZero(AblationLayer):",
      '    """A channel is set to zero, as in the paper; pytorch-grad-cam uses a value far below all others."""',
      "",
      "    def __call__(self, x):",
      "        for i in range(x.size(0)):",
      "            self.activations[i, self.indices[i], :] = 0",
      "        return self.activations",
    ],
    lines: [
      "with Raw(model=explained, target_layers=[layer], ablation_layer=ToZero()) as cam:",
      "    scaled = cam(input_tensor=x, targets=targets)[0]",
      `    ${map(question)}`,
    ],
    remarks: [TOKENS],
  })),
  "full-grad": ofPictures("FullGrad", () => ({
    packages: ["grad-cam"],
    imports: ["from pytorch_grad_cam import FullGrad"],
    targets: true,
    define: [
      "class Raw(FullGrad):",
      '    """Keeps the sum of the maps, as in the paper, before pytorch-grad-cam scales it to 0..1."""',
      "",
      "    def compute_cam_per_layer(self, *args, **kwargs):",
      "        self.raw = super().compute_cam_per_layer(*args, **kwargs)",
      "        return self.raw",
    ],
    lines: [
      "with Raw(model=explained, target_layers=[]) as cam:",
      "    scaled = cam(input_tensor=x, targets=targets)[0]",
      "    raw = cam.raw[0, 0]",
    ],
    remarks: [
      "pytorch-grad-cam uses the biases of Conv2d and BatchNorm2d; Neural Loupe uses all biases of the graph, including folded ones.",
    ],
  })),
  cam: ({ params, target, frames }) =>
    !target || target.index.length !== 1 || target.region
      ? "CAM explains one class of a dense layer, and this result explains something else."
      : {
          packages: [],
          imports: [],
          layer: true,
          lines: [
            "kept = []",
            "hook = layer.register_forward_hook(lambda module, inputs, output: kept.append(output.detach()))  # the layer that is pooled",
            "model(x)",
            "hook.remove()",
            "dense = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]",
            `weights = dense.weight.detach()[${number(target.index[0])}]${target.against ? ` - dense.weight.detach()[${number(target.against[0])}]` : ""}`,
            frames < 2
              ? `raw = torch.einsum("c,c...->...", weights, kept[0][0]).numpy()`
              : `raw = torch.einsum("c,nc...->n...", weights, kept[0]).numpy()  # a map for each of ${frames} frames`,
            ...(boolean(params.relu) === "True" ? ["raw = np.maximum(raw, 0)"] : []),
          ],
          remarks: [
            "Neither Captum nor pytorch-grad-cam has CAM (Zhou et al. 2016): this is PyTorch alone, for a head of global average pooling and one nn.Linear.",
          ],
        },
};
