import type { EditorBoot, EditorHost } from "../../../src/protocol/editor.ts";
import type { Handlers } from "../../../src/protocol/link.ts";
import { Link, RemoteError } from "../../../src/protocol/link.ts";
import { whyNot, type Limit } from "../../../src/protocol/obstacles.ts";
import type { LayerDescription, LayerDetails, ModelDescription } from "../../../src/protocol/model.ts";
import type { ChangeReason, SessionView } from "../../../src/protocol/session.ts";
import { factsOf } from "../../../src/model/operators.ts";
import { derive } from "../gallery/derived.ts";
import type { Derivation } from "../gallery/derived.ts";
import { noted, page, random, scenario, wire } from "./page.ts";
import { manyTechniques, techniques } from "./panel-techniques.ts";

// With `plumbing` each block ends in the arithmetic of a shape.
const operators = scenario.plumbing
  ? ["Conv", "Clip", "Conv", "Shape", "Gather", "Reshape"]
  : ["Conv", "Clip", "Conv", "Clip", "Conv", "Add"];
const count = Number(scenario.layers ?? 163);

/** A model as the engine describes it, for what must hold for real ones. */
const given = scenario.model as ModelDescription | undefined;

const made: LayerDescription[] = Array.from({ length: count }, (_, index) => {
  const operator =
    index === count - 1
      ? "Gemm"
      : index === count - 2
        ? "Flatten"
        : index === count - 3
          ? "GlobalAveragePool"
          : operators[index % operators.length];
  const block = Math.floor(index / 6);
  const size = Math.max(7, 112 >> Math.min(4, Math.floor(block / 5)));
  const channels = 16 + 8 * (block % 24);
  const name =
    operator === "Gemm"
      ? "/_fc/Gemm"
      : `${scenario.longNames ? "/model/backbone/features/stage/with/a/long/path" : ""}/_blocks.${block}/${operator === "Conv" ? ["_expand_conv", "", "_depthwise_conv", "", "_project_conv"][index % 6] : `_${operator.toLowerCase()}`}/${operator}`;
  return {
    index,
    name,
    operator,
    domain: "",
    outputDims:
      index % 17 === 9
        ? undefined
        : operator === "Gemm"
          ? ["N", 1000]
          : operator === "GlobalAveragePool"
            ? ["N", channels, 1, 1]
            : ["N", channels, size, size],
    ...(operator === "Shape" || operator === "Gather" ? { plumbing: true as const } : {}),
    parameters:
      operator === "Conv" ? channels * channels * (index % 6 === 2 ? 1 : 9) : operator === "Gemm" ? 1281000 : 0,
    inputs: index
      ? [`value_${index - 1}`, ...(operator === "Conv" ? [`weight_${index}`, `bias_${index}`] : [])]
      : ["images", "weight_0", "bias_0"],
    outputs: [`value_${index}`],
  };
});

const layers: readonly LayerDescription[] = given?.layers ?? made;

const plainModel: ModelDescription = given ?? {
  path: "/samples/efficientnet-lite0.onnx",
  name: "efficientnet-lite0.onnx",
  format: "onnx",
  producer: "pytorch",
  producerVersion: "2.15.0",
  irVersion: 8,
  modelVersion: 0,
  domain: "",
  doc: "",
  opsets: { "": 17 },
  metadata: { "timm.architecture": "tf_efficientnet_lite0", license: "apache-2.0" },
  graphName: "main_graph",
  inputs: [{ name: "images", type: "float32", dims: ["N", 3, 224, 224] }],
  outputs: [{ name: "logits", type: "float32", dims: ["N", 1000] }],
  layers,
  constants: 222,
  parameters: 4652008,
  parameterTypes: [{ type: "float32", count: 4652008 }],
  operators: [...new Set(layers.map((layer) => layer.operator))]
    .map((operator) => ({
      operator,
      count: layers.filter((layer) => layer.operator === operator).length,
      family: factsOf(operator)?.family,
      line: factsOf(operator)?.line,
    }))
    .sort((a, b) => b.count - a.count),
  size: { file: 18614602, external: 0 },
  functions: [],
  problems: [
    { severity: "info", message: "The operator set is 17; the newest is 26." },
    { severity: "warning", message: "3 nodes have no inferred shape.", where: "/_blocks.1/_clip/Clip" },
    { severity: "error", message: "External data “weights.bin” is 12 bytes too short.", where: "initializer weight_4" },
  ],
  ...(scenario.limits ? { limits: scenario.limits as Limit[] } : {}),
  stamp: "1",
};

const model = scenario.derivation ? derive(plainModel, scenario.derivation as Derivation) : plainModel;

function boot(): EditorBoot {
  if (scenario.error) {
    return {
      kind: "error",
      name: "efficientnet-lite0.onnx",
      message: "This is a Git LFS pointer, not the model itself.",
      where: "efficientnet-lite0.onnx, 134 bytes",
      hint: "Run “git lfs pull” in its folder, then reload.",
    };
  }
  return {
    kind: "model",
    model,
    techniques: (scenario.many ? manyTechniques : techniques).map((info) => {
      const { id, title, summary } = info;
      const reason = whyNot(info, model);
      return { id, title, summary, ...(reason === undefined ? {} : { reason }) };
    }),
    quick: ["predictions", "feature-maps", "saliency", "occlusion", "grad-cam"],
    ...(typeof scenario.blocked === "string" ? { blocked: scenario.blocked } : {}),
  };
}

const link = new Link<EditorHost, SessionView>(
  wire,
  noted<Handlers<EditorHost>>({
    ready: boot,
    reload: () => {
      scenario.error = undefined;
      return boot();
    },
    layer: ({ index }): LayerDetails => {
      const layer = layers[index];
      return {
        layer,
        doc: "",
        attributes:
          layer.operator === "Conv"
            ? [
                { name: "dilations", type: "ints", value: "1, 1" },
                { name: "group", type: "int", value: "1" },
                { name: "kernel_shape", type: "ints", value: "3, 3" },
                { name: "pads", type: "ints", value: "0, 0, 1, 1" },
                { name: "strides", type: "ints", value: "2, 2" },
              ]
            : [],
        inputs: layer.inputs.map((name, place) =>
          name === "images"
            ? { name, formal: "X", type: "float32", dims: ["N", 3, 224, 224], from: { kind: "input" as const } }
            : name.startsWith("value_")
              ? {
                  name,
                  formal: "X",
                  type: "float32",
                  dims: layers[index - 1].outputDims,
                  from: { kind: "layer" as const, index: index - 1 },
                }
              : {
                  name,
                  formal: ["X", "W", "B"][place],
                  type: "float32",
                  dims: name.startsWith("weight") ? [32, 3, 3, 3] : [32],
                  from: {
                    kind: "constant" as const,
                    bytes: name.startsWith("weight") ? 3456 : 128,
                    location: "raw data at byte 1 204 512",
                  },
                },
        ),
        outputs: layer.outputs.map((name) => ({
          name,
          formal: "Y",
          type: scenario.integerOutput === index ? "int64" : "float32",
          dims: layer.outputDims,
          from: { kind: "layer" as const, index },
          consumers:
            index === count - 1
              ? []
              : Array.from({ length: index === 7 ? 12 : 1 }, (_, i) => Math.min(count - 1, index + 1 + i)),
          ...(index === count - 1 ? { isOutput: true as const } : {}),
        })),
      };
    },
    tensor: ({ name }) => {
      if (name.startsWith("bias"))
        throw new RemoteError(
          "ModelError",
          "The tensor's bytes cannot be read.",
          `initializer ${name}`,
          "Is the file complete?",
        );
      if (scenario.scalar) {
        const statistics = { min: 6, max: 6, mean: 6, std: 0, zeros: 0, notFinite: 0 };
        const histogram = { counts: [1], min: 6, max: 6 };
        const [length, dims] = scenario.scalar === "filled" ? [864, [32, 3, 3, 3]] : [1, []];
        return { name, type: "float32", dims, count: length, histogram, statistics, preview: ["6"] };
      }
      const next = random(5);
      const values = Array.from({ length: 864 }, () => Math.fround((next() + next() + next() - 1.5) * 0.8));
      const [min, max] = [Math.min(...values), Math.max(...values)];
      const counts = new Array<number>(40).fill(0);
      for (const value of values) counts[Math.min(39, Math.floor(((value - min) / (max - min)) * 40))]++;
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return {
        name,
        type: "float32",
        dims: [32, 3, 3, 3],
        count: 864,
        histogram: { counts, min, max },
        preview: values.slice(0, 16).map((value) => String(Number(value.toPrecision(7)))),
        statistics: {
          min: scenario.infinite ? -Infinity : min,
          max,
          mean,
          std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length),
          zeros: 0,
          notFinite: 0,
        },
      };
    },
    visualize: () => undefined,
    explainWith: () => undefined,
    reopenAsText: () => undefined,
    copy: () => undefined,
    selected: () => undefined,
    plumbing: ({ shown }) => {
      page.fake.plumbing = shown;
    },
    selection: () => {
      const index = page.fake.wanted as number | undefined;
      page.fake.wanted = undefined;
      const plumbing = page.fake.plumbing as boolean | undefined;
      return { ...(index === undefined ? {} : { index }), ...(plumbing === undefined ? {} : { plumbing }) };
    },
  }),
);
page.fake.wanted = scenario.select;

page.fake.changed = (reason: ChangeReason) => link.call("changed", { reason });
