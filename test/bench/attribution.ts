import { readFileSync } from "node:fs";
import { decodeNpy } from "../../src/data/index.ts";
import { ModelCache } from "../../src/runtime/model-cache.ts";
import type { Feeds } from "../../src/runtime/ort.ts";
import { gradientSession } from "../../src/runtime/gradient.ts";
import { writeModel } from "../../src/model/formats/onnx/index.ts";
import { INPUT, MODEL, TARGET } from "./cat.ts";
import { Peer } from "./peer.ts";
import { median } from "./statistics.ts";

const ROUNDS = 15;

/**
 * Our warm gradient beside Captum's saliency of the same network and picture, in turn; then what the gradient model
 * holds. `python` has Captum.
 */
export async function run(python: string | undefined): Promise<void> {
  const models = new ModelCache();
  const model = await models.get(MODEL);
  const { data, dims } = decodeNpy(readFileSync(INPUT), INPUT);
  const feeds: Feeds = { images: { dataType: "float32", dims, data: Float32Array.from(data as ArrayLike<number>) } };
  const seed = new Float32Array(1000);
  seed[TARGET] = 1;
  const request = { of: "logits", seed, wrt: ["images"] };
  const ours = async (): Promise<number> => {
    const start = performance.now();
    await model.gradients(feeds, request);
    return performance.now() - start;
  };
  const cold = await ours();
  await ours();

  const peer = python === undefined ? undefined : await Peer.start(python);
  const [mine, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    mine.push(await ours());
    if (peer) theirs.push(await peer.time("saliency"));
  }
  peer?.stop();
  console.log(`Input gradient of EfficientNet-Lite0, one picture, median of ${ROUNDS}`);
  console.log(`  ours, warm   ${median(mine).toFixed(1)} ms (first, with tracing and session: ${cold.toFixed(0)} ms)`);
  if (peer) {
    console.log(`  Captum       ${median(theirs).toFixed(1)} ms`);
    console.log(`  ratio        ${(median(mine) / median(theirs)).toFixed(2)} (at most 0.5 wanted)`);
  } else console.log("  Captum       not compared: no Python with it");

  const { specialised } = await model.traced(feeds);
  const session = await gradientSession(specialised, request, model.model, model.open, model);
  await session.release();
  const derived = writeModel(
    {
      irVersion: 10,
      opsets: { "": specialised.derivedOpset },
      graph: specialised.graphFor(specialised.g.fork(), ["logits"]),
    },
    model.open,
  );
  console.log(
    `  derived model  ${(derived.bytes.length / 1024).toFixed(0)} KB, pointing into the ${(model.open.size.file / 2 ** 20).toFixed(1)} MB of the original`,
  );
  models.dispose();
}
