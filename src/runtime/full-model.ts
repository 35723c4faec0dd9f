import { captured, neededFor } from "../autodiff/differentiate.ts";
import { ModelError } from "../model/errors.ts";
import { isFloat } from "../model/graph.ts";
import { alike, hasOpenBatch, joined, parted, repeat } from "./batch.ts";
import type { LoadedModel } from "./models.ts";
import { floatsOf, fromFloat32, type Feeds } from "./ort.ts";
import type { PartialModel, PartialRun } from "./partial-model.ts";

/**
 * The whole model on changed copies of its input `from`: its own nodes, untraced, because ONNX Runtime runs those best
 * (it took two thirds of the time of the same network made straight). Undefined where `to` does not depend on `from`;
 * "inside" where `to` is a value of a branch, which the model's own graph does not give out.
 */
export async function openFullModel(
  model: LoadedModel,
  feeds: Feeds,
  { from, to, batch }: PartialRun,
): Promise<PartialModel | undefined | "inside"> {
  const { graph } = model.model;
  if (!graph.nodes.some(({ outputs }) => outputs.includes(to))) return "inside";
  if (!neededFor([to], graph.nodes).some((node) => node.inputs.includes(from) || captured(node).includes(from)))
    return undefined;
  const open = batch > 1 && hasOpenBatch(model, feeds) && (await staysApart(model, feeds, { from, to, batch }));
  return {
    batch: open ? batch : 1,
    dims: feeds[from].dims,
    values: floatsOf(feeds[from]),
    run: (copies) => runCopies(model, feeds, from, to, copies),
    // Its session is the model's own, which keeps it for the next time.
    release: () => Promise.resolve(),
  };
}

/**
 * Whether an entry of a batch comes out as it does alone; false, too, where the batch axis is not as open as the model
 * says.
 */
async function staysApart(model: LoadedModel, feeds: Feeds, { from, to, batch }: PartialRun): Promise<boolean> {
  const half = isFloat(feeds[from].dataType) ? (value: number) => value / 2 : (value: number) => Math.trunc(value / 2);
  const kinds = [floatsOf(feeds[from]), floatsOf(feeds[from]).map(half)];
  const alone = [
    await runCopies(model, feeds, from, to, [kinds[0]]),
    await runCopies(model, feeds, from, to, [kinds[1]]),
  ];
  try {
    const together = await runCopies(
      model,
      feeds,
      from,
      to,
      Array.from({ length: batch }, (_, i) => kinds[i % 2]),
    );
    return together.every((result, i) => alike(alone[i % 2][0], result));
  } catch (error) {
    // A Reshape inside has a 1 in it.
    if (error instanceof ModelError) return false;
    throw error;
  }
}

async function runCopies(
  model: LoadedModel,
  feeds: Feeds,
  from: string,
  to: string,
  copies: readonly Float32Array[],
): Promise<Float32Array[]> {
  const { dataType, dims } = feeds[from];
  const count = copies.length;
  const fed =
    count === 1
      ? feeds
      : Object.fromEntries(
          Object.entries(feeds).map(([name, value]) => [name, name === from ? value : repeat(value, count)]),
        );
  const batchDims = count === 1 ? dims : [dims[0] * count, ...dims.slice(1)];
  const result = (
    await model.forward(
      { ...fed, [from]: fromFloat32(dataType, batchDims, count === 1 ? copies[0] : joined(copies, count)) },
      [to],
    )
  ).get(to)!;
  return parted(to, result, count);
}
