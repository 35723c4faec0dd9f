import type { Provenance } from "../../protocol/result.ts";
import { camTemplates } from "./cams.ts";
import { captumTemplates } from "./captum.ts";
import type { Code, Template } from "./method.ts";
import { otherTemplates } from "./others.ts";
import { loader } from "./preprocess.ts";
import { comment, number, text, tuple } from "./text.ts";

/** Templates by technique id. */
export const templates: Readonly<Record<string, Template>> = { ...captumTemplates, ...camTemplates, ...otherTemplates };

/** Versions that the code was tried with. */
const VERSIONS: Readonly<Record<string, string>> = {
  captum: "captum==0.9.0",
  "grad-cam": "grad-cam==1.5.7",
  zennit: "zennit==0.5.1",
};

/**
 * "Copy as Python": code that gives a result again with PyTorch and Captum, pytorch-grad-cam or zennit, but for the
 * model, which is the person's; or why there is none. Knows only what a result says of itself.
 */
export function pythonFor(provenance: Provenance): { readonly code: string } | { readonly reason: string } {
  const template = Object.hasOwn(templates, provenance.technique) ? templates[provenance.technique] : undefined;
  const { input } = provenance;
  if (!template || !input)
    return {
      reason: `There is no Python code for ${provenance.technique}: neither Captum nor pytorch-grad-cam has it.`,
    };
  if (provenance.target?.not)
    return {
      reason:
        "This explains the negative class of a binary output, which neither Captum nor pytorch-grad-cam supports.",
    };
  if (provenance.output?.batched === false)
    return {
      reason: `The output "${provenance.output.name}" has no batch axis, which Captum and pytorch-grad-cam require.`,
    };
  if ((provenance.explained?.length ?? 0) > 1)
    return {
      reason: `Python code explains one input, but ${provenance.explained!.length} are explained: ${provenance.explained!.join(", ")}. Explain one (--explain).`,
    };
  const layers = (provenance.layer ?? "").split(/,\s*/).filter((name) => name !== "");
  const code = template({
    params: provenance.params,
    ...(provenance.target ? { target: provenance.target } : {}),
    layers,
    recipe: provenance.recipe,
    frames: provenance.frames ?? 1,
    ...(provenance.output ? { output: provenance.output } : {}),
  });
  return typeof code === "string" ? { reason: code } : { code: script({ ...provenance, input }, code, layers) };
}

function script(
  provenance: Provenance & Required<Pick<Provenance, "input">>,
  code: Code,
  layers: readonly string[],
): string {
  const { input, model, target, technique } = provenance;
  const { imports, lines, packages } = loader(provenance.recipe, input.name);
  const wanted = ["torch", "numpy", ...packages, ...code.packages].map((name) => VERSIONS[name] ?? name);
  const score = scored(provenance);
  const targetImports =
    code.targets && score.targets.includes("ClassifierOutputTarget")
      ? ["from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget"]
      : [];
  const [plain, from] = [
    imports.filter((one) => one.startsWith("import ")),
    [...imports, ...code.imports, ...targetImports].filter((one) => one.startsWith("from ")),
  ];
  return [
    `"""${comment(technique)} of ${comment(model.name)}${target?.label ? ` for ${comment(target.label)}` : ""}, as Neural Loupe ${comment(provenance.versions.neuralLoupe)} made it from ${comment(input.name)}.`,
    "",
    `    pip install ${wanted.join(" ")}`,
    '"""',
    ...plain,
    "import numpy as np",
    "import torch",
    ...from.sort((a, b) => a.localeCompare(b)),
    "",
    "",
    ...lines,
    "",
    "",
    ...(score.define.length > 0 ? [...score.define, "", ""] : []),
    ...(code.define ? [...code.define, "", ""] : []),
    `model = load_model().eval()  # yours: the PyTorch model that ${comment(model.name)} was exported from`,
    "for module in model.modules():",
    '    if hasattr(module, "inplace"):',
    "        module.inplace = False  # hooks must find values as they were",
    ...(code.layer ? layerLines(layers) : []),
    `x = load(${text(input.name)})`,
    ...(provenance.held ?? []).map(
      (name) =>
        `# The model takes ${comment(text(name))} too: let load_model() return a module that supplies it as it was given here.`,
    ),
    ...score.remarks.map((remark) => `# ${remark}`),
    score.explained,
    ...(code.targets ? [score.targets] : []),
    "",
    ...(code.remarks ?? []).flatMap((remark) => wrapped(remark)),
    ...noisy(provenance, code.lines),
    "",
    "print(raw.shape, float(raw.min()), float(raw.max()))",
    'np.save("attribution.npy", raw)',
    "",
  ].join("\n");
}

/** What the score is: the model and an index, or a module that gives one number for each sample. */
function scored({ target, score }: Provenance): {
  define: string[];
  explained: string;
  targets: string;
  remarks: string[];
} {
  const before =
    score?.kind === "logit"
      ? [
          `This explains the input of the model's last Softmax or Sigmoid${score.value ? ` (in the ONNX file ${comment(text(score.value))})` : ""}: the model must end before it.`,
        ]
      : [];
  if (!target)
    return { define: [], explained: "explained, target = model, None", targets: "targets = None", remarks: before };
  const { index, against, region } = target;
  const at = (place: readonly number[]): string => `output[:, ${place.map(number).join(", ")}]`;
  const wrapped =
    score?.kind === "loss"
      ? `torch.nn.functional.cross_entropy(output, torch.full((len(output),), ${number(index[0])}), reduction="none")`
      : region
        ? `output[:, ${region.map(([from, before]) => `${number(from)}:${number(before)}`).join(", ")}].flatten(1).sum(1)`
        : against
          ? `${at(index)} - ${at(against)}`
          : undefined;
  if (wrapped !== undefined) {
    return {
      define: [
        "class Score(torch.nn.Module):",
        `    """${comment(target.label ?? "")}: one number for each sample."""`,
        "",
        "    def __init__(self, model):",
        "        super().__init__()",
        "        self.model = model",
        "",
        "    def forward(self, x):",
        "        output = self.model(x)",
        `        return ${wrapped}`,
      ],
      explained: "explained, target = Score(model), None",
      targets: "targets = [lambda score: score]",
      remarks: before,
    };
  }
  if (index.length === 0)
    return {
      define: [],
      explained: "explained, target = model, None",
      targets: "targets = [lambda score: score]",
      remarks: before,
    };
  return index.length === 1
    ? {
        define: [],
        explained: `explained, target = model, ${number(index[0])}`,
        targets: "targets = [ClassifierOutputTarget(target)]",
        remarks: before,
      }
    : {
        define: [],
        explained: `explained, target = model, ${tuple(index)}`,
        targets: "targets = [lambda output: output[target]]",
        remarks: before,
      };
}

function layerLines(layers: readonly string[]): string[] {
  const [value] = layers;
  const guess = value === undefined ? undefined : moduleName(value);
  return [
    `# The module whose output is ${value === undefined ? "the layer" : comment(text(value))} in the ONNX file${guess === undefined ? "" : "; this is a guess from that name (if a BatchNorm was folded into it, take that module)"}.`,
    ...(layers.length > 1 ? ["# The result is the mean over several layers: this is the first."] : []),
    `layer = model.get_submodule(${text(guess ?? "LAYER")})`,
  ];
}

/**
 * "/layer4/layer4.1/bn2/BatchNormalization_output_0" -> "layer4.1.bn2": how PyTorch's TorchScript exporter names
 * values.
 */
export function moduleName(value: string): string | undefined {
  if (!/^\/.*\/[^/]+_output_\d+$/.test(value)) return undefined;
  const path = value
    .split("/")
    .slice(1, -1)
    .reduce<string[]>((names, name) => {
      const last = names[names.length - 1];
      return last !== undefined && name.startsWith(`${last}.`) ? [...names.slice(0, -1), name] : [...names, name];
    }, []);
  // "relu_1" is the second call of one module: hooks would see both, and the last call's value is most often the
  // block's.
  if (/_\d+$/.test(path[path.length - 1] ?? "")) path.pop();
  return path.length > 0 ? path.join(".") : undefined;
}

/** SmoothGrad and its kin: the lines once for each noisy copy. */
function noisy({ params, technique }: Provenance, lines: readonly string[]): string[] {
  const samples = Number(params.samples ?? 0);
  if (
    !(samples > 0) ||
    params.noise === undefined ||
    params.noise_type === undefined ||
    technique === "expected-gradients"
  )
    return [...lines];
  const how =
    { smoothgrad_sq: "np.mean(np.square(results), 0)", vargrad: "np.var(results, 0)" }[String(params.noise_type)] ??
    "np.mean(results, 0)";
  return [
    "# Noisy copies, averaged; other random numbers than Neural Loupe's.",
    "clean, results = x, []",
    `deviation = ${number(params.noise)} * float(x.max() - x.min())`,
    `for _ in range(${number(samples)}):`,
    "    x = clean + deviation * torch.randn_like(clean)",
    ...lines.map((line) => (line === "" ? "" : `    ${line}`)),
    "    results.append(raw)",
    `raw = ${how}`,
  ];
}

function wrapped(sentence: string): string[] {
  const lines = [""];
  for (const word of sentence.split(" ")) {
    if (lines[lines.length - 1].length + word.length > 110) lines.push("");
    lines[lines.length - 1] += `${lines[lines.length - 1] === "" ? "" : " "}${word}`;
  }
  return lines.map((line) => `# ${line}`);
}
