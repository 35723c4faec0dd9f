import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { moduleName, pythonFor, templates } from "./python/index.ts";
import { text } from "./python/text.ts";
import type { Provenance } from "../protocol/result.ts";
import { techniques } from "../techniques/index.ts";

const cat: Provenance = {
  technique: "saliency",
  model: { name: "efficientnet-lite0.onnx", hash: "00" },
  input: { name: "cat.png", hash: "11" },
  recipe: {
    version: 1,
    inputs: {
      images: {
        kind: "image",
        size: [224, 224],
        fit: "center-crop",
        cropFraction: 0.875,
        fill: 0,
        interpolation: "bicubic",
        channels: "rgb",
        layout: "nchw",
        scale: 1 / 255,
        mean: [0.5, 0.4, 0.3],
        std: [0.25, 0.25, 0.25],
      },
    },
  },
  target: { output: "logits", index: [285], label: "Egyptian cat" },
  score: { kind: "logit", value: "logits" },
  params: {},
  versions: { neuralLoupe: "0.1.0", onnxruntime: "1.30.0" },
  threads: 0,
};

/** The defaults of a technique, as its results say them. */
function of(id: string, more: Partial<Provenance> = {}): Provenance {
  const info = techniques.find((one) => one.info.id === id)!.info;
  return {
    ...cat,
    technique: id,
    ...(info.needs.layer === "none" ? {} : { layer: "/features/features.12/conv/Conv_output_0" }),
    ...more,
    params: { ...Object.fromEntries(info.params.map((spec) => [spec.name, spec.default])), ...more.params },
  };
}

function codeOf(provenance: Provenance): string {
  const made = pythonFor(provenance);
  if ("reason" in made) throw new Error(made.reason);
  return made.code;
}

/** Python's own compiler, where there is one: null where not. */
const python = ["python3", "python"].find((program) => spawnSync(program, ["--version"]).status === 0);

function syntaxErrors(codes: readonly string[]): string[] {
  const check =
    "import json, sys\nfor code in json.load(sys.stdin):\n    try:\n        compile(code, 'x.py', 'exec')\n    except SyntaxError as error:\n        print(error, code.splitlines()[(error.lineno or 1) - 1])";
  const { stdout, status } = spawnSync(python!, ["-c", check], { input: JSON.stringify(codes), encoding: "utf8" });
  expect(status).toBe(0);
  return stdout.split("\n").filter(Boolean);
}

describe("a result as Python", () => {
  const grouped = techniques
    .map(({ info }) => info)
    .filter(({ group }) => ["gradients", "relevance", "cams", "perturbation", "layers", "neurons"].includes(group));

  it("is there for every method, by the class that Captum, pytorch-grad-cam or zennit calls it", () => {
    expect(grouped.length).toBeGreaterThan(30);
    const names: Record<string, string> = {
      saliency: "Saliency(explained).attribute(x, target=target, abs=True)",
      "integrated-gradients": "IntegratedGradients(",
      "expected-gradients": "GradientShap(",
      deeplift: "DeepLift(",
      lrp: "composite.context(explained)",
      "grad-cam": "GradCAM",
      "grad-cam++": "GradCAMPlusPlus",
      "kpca-cam": "KPCA_CAM",
      "finer-cam": "FinerCAM(",
      "shapley-cam": "ShapleyCAM",
      "full-grad": "FullGrad",
      "layer-conductance": "LayerConductance(explained, layer)",
      "neuron-gradient": "NeuronGradient(explained, layer)",
      occlusion: "Occlusion(",
      "feature-ablation": "FeatureAblation(",
    };
    for (const { id } of grouped) {
      const code = codeOf(of(id));
      expect(code, id).toContain("raw = ");
      expect(code, id).toContain("load_model()");
      if (names[id]) expect(code, id).toContain(names[id]);
    }
  });

  it.skipIf(!python)("is Python, for every method, setting, score and recipe", () => {
    const codes: string[] = [];
    for (const { info } of techniques) {
      if (!Object.hasOwn(templates, info.id)) continue;
      const choices: Provenance["params"][] = info.params.flatMap((spec): Provenance["params"][] =>
        spec.type === "choice"
          ? spec.options.map(({ value }) => ({ [spec.name]: value }))
          : spec.type === "boolean"
            ? [{ [spec.name]: false }, { [spec.name]: true }]
            : [],
      );
      const settings: readonly Provenance["params"][] = [
        {},
        ...choices,
        { samples: 20, noise: 0.1, noise_type: "vargrad" },
        { baseline: "0, black.npy" },
        { baseline: "black.npy" },
        { neuron: "3,2,1" },
        { window: "3,15,15", stride: "3" },
        { segments: 50 },
        { mask: "mask.npy" },
        { classes: "281,282" },
        { low: "-1", high: "1,2,3" },
      ];
      for (const params of settings) codes.push(codeOf(of(info.id, { params })));
      for (const target of [
        { ...cat.target!, against: [3] },
        { ...cat.target!, index: [1, 2, 3] },
        {
          ...cat.target!,
          index: [1, 2, 3],
          region: [
            [1, 2],
            [0, 8],
            [4, 9],
          ] as const,
        },
      ]) {
        const made = pythonFor(of(info.id, { target }));
        if ("code" in made) codes.push(made.code);
        else expect(made.reason).toMatch(/explains something else|compares one class with oth/);
      }
      codes.push(codeOf(of(info.id, { score: { kind: "loss", value: "loupe.loss" } })));
    }
    const recipes = [
      { kind: "array" },
      { kind: "row", columns: ["a", 'b"c'], mean: [1, 2], std: [3, 4] },
      { kind: "text", tokenizer: "tokenizer.json", maxLength: 16, part: "ids" },
      ...["stretch", "center-crop", "resize-crop", "stretch-crop", "pad"].flatMap((fit) =>
        ["rgb", "bgr", "gray"].map((channels) => ({
          kind: "image",
          size: [32, 48],
          fit,
          cropFraction: 1,
          fill: 7,
          interpolation: "bilinear",
          channels,
          layout: "nhwc",
          scale: 1,
          mean: [0],
          std: [1],
        })),
      ),
    ];
    for (const input of recipes) codes.push(codeOf(of("saliency", { recipe: { version: 1, inputs: { x: input } } })));
    expect(codes.length).toBeGreaterThan(300);
    expect(syntaxErrors(codes)).toEqual([]);
  });

  it.skipIf(!python)("stays data, whatever names a model brings", () => {
    const bad = 'x"""\nimport os; os.system(\'touch pwned\')\u2028#\\';
    const hostile = of("grad-cam", {
      layer: bad,
      model: { name: bad, hash: "" },
      input: { name: bad, hash: "" },
      target: { output: bad, index: [1], label: bad },
      score: { kind: "logit", value: bad },
    });
    const code = codeOf(hostile);
    expect(code.split("\n").filter((line) => /^\s*import os/.test(line))).toEqual([]);
    expect(
      syntaxErrors([
        code,
        codeOf({ ...hostile, target: { output: bad, index: [1], against: [2], label: bad } }),
        codeOf({ ...hostile, params: { baseline: bad, neuron: bad }, technique: "neuron-conductance" }),
      ]),
    ).toEqual([]);
    expect(text(bad)).not.toMatch(/[\n\u2028]/);
  });

  it("says what the score is, and the noise", () => {
    expect(codeOf(of("saliency"))).toContain("before it");
    expect(codeOf(of("saliency", { target: { ...cat.target!, against: [281] } }))).toContain(
      "output[:, 285] - output[:, 281]",
    );
    expect(codeOf(of("saliency", { target: { ...cat.target!, index: [3, 4, 5] } }))).toContain(
      "explained, target = model, (3, 4, 5)",
    );
    expect(codeOf(of("saliency", { params: { samples: 25, noise: 0.2, noise_type: "smoothgrad_sq" } }))).toMatch(
      /range\(25\)[\s\S]*np\.mean\(np\.square\(results\), 0\)/,
    );
  });

  it("says why there is none", () => {
    for (const { info } of techniques) {
      const made = pythonFor(of(info.id));
      expect("code" in made || made.reason.length > 30, info.id).toBe(true);
    }
    expect(pythonFor({ ...cat, technique: "sparseness" })).toMatchObject({
      reason: expect.stringContaining("sparseness") as unknown,
    });
  });

  it("guesses a module from the value's name, as PyTorch's exporter makes those", () => {
    expect(moduleName("/layer4/layer4.1/bn2/BatchNormalization_output_0")).toBe("layer4.1.bn2");
    expect(moduleName("/features/features.3/Add_output_0")).toBe("features.3");
    expect(moduleName("/layer2/layer2.1/relu_1/Relu_output_0")).toBe("layer2.1");
    expect(moduleName("relu_7")).toBeUndefined();
  });
});

describe("a result in frames", () => {
  const frames = { frames: 4 };

  it("keeps all frames' maps, and says so", () => {
    for (const id of ["grad-cam", "grad-cam++", "hires-cam", "layer-cam", "eigen-cam"]) {
      const code = codeOf(of(id, frames));
      expect(code, id).toContain("raw = np.maximum(cam.raw, 0)");
      expect(code, id).toContain("The layer has 4 frames: raw has a map for each");
      expect(code, id).toContain("def get_target_width_height");
      expect(codeOf(of(id)), id).toContain("raw = np.maximum(cam.raw[0], 0)");
      expect(codeOf(of(id)), id).not.toContain("frames");
    }
    expect(codeOf(of("cam", frames))).toContain('"c,nc...->n..."');
  });

  it("has no code where pytorch-grad-cam takes one picture", () => {
    for (const id of ["score-cam", "ablation-cam", "finer-cam", "full-grad"])
      expect(pythonFor(of(id, frames)), id).toMatchObject({
        reason: expect.stringContaining("of 4 frames: pytorch-grad-cam takes a single image") as string,
      });
  });

  it.skipIf(!python)("is Python", () => {
    expect(syntaxErrors(["grad-cam", "eigen-cam", "kpca-cam", "cam"].map((id) => codeOf(of(id, frames))))).toEqual([]);
  });
});
