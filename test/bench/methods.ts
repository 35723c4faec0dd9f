import { ModelCache } from "../../src/runtime/model-cache.ts";
import { runOn } from "../support/models.ts";
import { INPUT, MODEL, TARGET } from "./cat.ts";
import { Peer } from "./peer.ts";

/**
 * Methods that run the model many times, the layer they are asked about, and the share of the reference's time that
 * they may take.
 */
const METHODS: readonly { readonly technique: string; readonly layer?: string; readonly most?: number }[] = [
  { technique: "integrated-gradients", most: 0.5 },
  { technique: "layer-conductance", layer: "/_blocks.5/_project_conv/Conv_output_0", most: 0.5 },
  { technique: "occlusion", most: 0.6 },
  { technique: "full-grad" },
  { technique: "score-cam", layer: "/_conv_head/Conv_output_0", most: 0.6 },
  { technique: "ablation-cam", layer: "/_conv_head/Conv_output_0", most: 0.05 },
];

/**
 * Our times of whole methods on EfficientNet-Lite0, sessions made (the second run), beside the references'. `python`
 * has Captum and pytorch-grad-cam.
 */
export async function run(python: string | undefined): Promise<void> {
  const models = new ModelCache();
  const ours = async ({ technique, layer }: (typeof METHODS)[number]): Promise<number> => {
    const start = performance.now();
    await runOn(models, MODEL, INPUT, technique, {
      target: { index: [TARGET] },
      ...(layer === undefined ? {} : { layer }),
    });
    return performance.now() - start;
  };
  const peer = python === undefined ? undefined : await Peer.start(python);
  console.log("Whole methods on EfficientNet-Lite0, one picture, in seconds");
  for (const method of METHODS) {
    const first = await ours(method);
    const second = await ours(method);
    const theirs = peer && (await peer.time(method.technique));
    const beside =
      theirs === undefined
        ? ""
        : `  reference ${(theirs / 1000).toFixed(2)}  ratio ${(second / theirs).toFixed(2)}${method.most === undefined ? "" : ` (at most ${method.most} wanted)`}`;
    console.log(
      `  ${method.technique.padEnd(22)} ours ${(second / 1000).toFixed(2)} (first ${(first / 1000).toFixed(2)})${beside}`,
    );
  }
  peer?.stop();
  models.dispose();
}
