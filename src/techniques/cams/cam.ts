import type { Artifact } from "../../protocol/artifacts.ts";
import { UsageError } from "../../model/errors.ts";
import { elementCount, nodeLabel, type Graph, type Node } from "../../model/graph.ts";
import { makersOf } from "../../model/makers.ts";
import { framesOf, isSpatial, type FrameAxis, type Layout } from "../../runtime/layout.ts";
import { floatsOf } from "../../runtime/ort.ts";
import { mapSize, noteZeroMap, withoutNegative } from "./cam-layers.ts";
import { frameViews, stackedMaps, weightedSum } from "../framework/channels.ts";
import { batchOf } from "../framework/frames.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { NOISE, RELU, SCORE } from "../framework/params.ts";
import { activationMap } from "../framework/pictures.ts";
import { noiseCaption } from "../framework/smoothgrad.ts";
import { technique, type SampleContext } from "../framework/technique.ts";
import { keepsElements } from "../../model/operators.ts";

/**
 * Σₖ w[target, k] Aᵏ, the dense layer's weights over the channels that the pooling before it averages: raw [H, W], not
 * scaled.
 */
export const cam = technique({
  info: {
    id: "cam",
    title: "CAM",
    command: "Visualize Class Activation Map (CAM)",
    group: "cams",
    summary: "The regions that support a class, for models that end in global average pooling and one dense layer.",
    cite: "Zhou et al. 2016",
    needs: { input: "one", target: true, layer: "none", gradient: false, pooledHead: true },
    params: [RELU, SCORE, ...NOISE],
  },
  async run(context) {
    const head = await findHead(context);
    const weights = await classWeights(context, head);
    const views = async (feeds = context.feeds) =>
      frameViews(floatsOf((await context.model.forward(feeds, [head.pooled])).get(head.pooled)!), head);
    const size = mapSize(head);
    const { relu } = context.params;
    const looks = {
      id: "cam",
      title: "CAM",
      quantity: relu ? "ReLU(Σₖ wₖAᵏ)" : "Σₖ wₖAᵏ",
      signed: !relu,
      caption: noiseCaption(context.params, `${head.pooled} · ${size.join("×")}`),
    };
    const draw = (map: Float32Array): Artifact => activationMap(context, map, size, looks, head.frames.count);
    const values = await withNoise(
      context,
      async (feeds) => {
        // What goes into the dense layer has a row of channels for each frame.
        const map = stackedMaps(
          (await views(feeds)).map((view, frame) =>
            weightedSum(view, weights.subarray(frame * head.frames.stride * view.channels)),
          ),
        );
        return relu ? withoutNegative(context, map) : map;
      },
      (soFar) => [draw(soFar)],
    );
    noteZeroMap(context, values, head.pooled);
    context.note(
      `Head: ${nodeLabel(head.pooling)} averages "${head.pooled}", ${nodeLabel(head.dense)} weights its channels.`,
    );
    return { raw: { dims: size, values }, views: [draw(values)] };
  },
});

/** A global average pooling followed by one dense layer that makes the score. */
interface Head {
  readonly pooled: string;
  readonly dims: readonly number[];
  readonly layout: Layout & { channel: number };
  readonly frames: FrameAxis;
  readonly pooling: Node;
  readonly dense: Node;
}

const DENSE: ReadonlySet<string> = new Set(["Gemm", "MatMul", "Conv"]);

/** Walks from the score back to the pooling; UsageError says where a head is something else. */
async function findHead(context: SampleContext): Promise<Head> {
  const { graph, trace } = await context.traced();
  const layouts = await context.layouts();
  const makers = makersOf(graph);
  const score = await context.score();
  const constant = constants(graph);
  const because = (reason: string, node?: Node): UsageError =>
    new UsageError(
      `CAM needs a model that ends in global average pooling and one dense layer, and this one does not: ${reason}.`,
      node && nodeLabel(node),
      "Grad-CAM works with any head.",
    );

  let dense: Node | undefined;
  let value = score.value;
  for (let node = makers.get(value); node; node = makers.get(value)) {
    if (isGlobalAveragePool(node, trace.dims)) {
      if (!dense) throw because("the pooling comes last, with no dense layer after it", node);
      const pooled = node.inputs[0];
      const [dims, layout] = [trace.dims.get(pooled) ?? [], layouts.get(pooled)];
      if (!isSpatial(layout, dims)) throw because("the pooled value has no height and width larger than 1×1", node);
      return { pooled, dims, layout, frames: framesOf(layout, dims, batchOf(context)), pooling: node, dense };
    }
    const data = node.inputs.findIndex((input) => input !== "" && !constant.has(input));
    if (
      node.opType === "Add" &&
      !dense &&
      node.inputs.length === 2 &&
      node.inputs.some((input) => constant.has(input))
    ) {
      value = node.inputs[data];
    } else if (DENSE.has(node.opType) && node.domain === "" && !dense && data === 0) {
      if (node.opType === "Conv" && elementCount((trace.dims.get(node.inputs[0]) ?? []).slice(2)) !== 1)
        throw because("its last convolution is applied to feature maps, not to pooled channels", node);
      dense = node;
      value = node.inputs[0];
    } else if (keepsElements(node)) {
      value = node.inputs[0];
    } else {
      throw because(
        dense ? `${node.opType} lies between the pooling and the dense layer` : `${node.opType} produces the score`,
        node,
      );
    }
  }
  throw because("no pooling was found before the score");
}

function constants(graph: Graph): Set<string> {
  const known = new Set(graph.initializers.map(({ name }) => name));
  for (const node of graph.nodes)
    if (node.inputs.length > 0 && node.inputs.every((input) => input === "" || known.has(input)))
      for (const output of node.outputs) known.add(output);
  return known;
}

/** GlobalAveragePool, ReduceMean over all of space, or an AveragePool whose window is the whole map. */
function isGlobalAveragePool(node: Node, dims: ReadonlyMap<string, readonly number[]>): boolean {
  if (node.opType === "GlobalAveragePool") return true;
  const [from, to] = [dims.get(node.inputs[0]) ?? [], dims.get(node.outputs[0]) ?? []];
  if (from.length < 3 || (node.opType !== "ReduceMean" && node.opType !== "AveragePool")) return false;
  return (
    elementCount(to) * elementCount(from.slice(2)) === elementCount(from) ||
    elementCount(to) === (from[0] ?? 1) * from[from.length - 1]
  );
}

/**
 * The dense layer's weights for the target: the gradient of the score by what goes into the dense layer, which is
 * linear.
 */
async function classWeights(context: SampleContext, head: Head): Promise<Float32Array> {
  const input = head.dense.inputs[0];
  const { gradients } = await context.gradients({ wrt: [input] });
  const gradient = gradients.get(input);
  if (!gradient) throw context.independent(input);
  return floatsOf(gradient);
}
