import type { Artifact } from "../../protocol/artifacts.ts";
import { RuledOutError } from "../../model/errors.ts";
import { nodeLabel } from "../../model/graph.ts";
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
import { findPooledHead, noHeadText, type NoHead, type PooledHead } from "./pooled-head.ts";

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

interface Head extends PooledHead {
  /** What is averaged. */
  readonly pooled: string;
  readonly dims: readonly number[];
  readonly layout: Layout & { channel: number };
  readonly frames: FrameAxis;
}

/** The head before the score; RuledOutError says where a model ends in something else. */
async function findHead(context: SampleContext): Promise<Head> {
  const { graph, trace } = await context.traced();
  const layouts = await context.layouts();
  const { value } = await context.score();
  const because = (none: NoHead): RuledOutError => new RuledOutError(noHeadText(none), none.where, ["pooled head"]);
  const head = findPooledHead(graph, (name) => trace.dims.get(name), value) ?? UNKNOWN_HEAD;
  if ("reason" in head) throw because(head);
  const pooled = head.pooling.inputs[0];
  const [dims, layout] = [trace.dims.get(pooled) ?? [], layouts.get(pooled)];
  if (!isSpatial(layout, dims))
    throw because({
      reason: "the pooled value has no height and width larger than 1×1",
      where: nodeLabel(head.pooling),
    });
  return { ...head, pooled, dims, layout, frames: framesOf(layout, dims, batchOf(context)) };
}

/** Of values that a run did not come to. */
const UNKNOWN_HEAD: NoHead = { reason: "the shapes before the score are not known" };

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
