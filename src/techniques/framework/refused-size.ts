import { DataError, ModelError } from "../../model/errors.ts";
import { elementCount } from "../../model/graph.ts";
import type { Sample } from "../../data/index.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { Feeds } from "../../runtime/ort.ts";

type Size = readonly [height: number, width: number];

/** Heights and widths that models are made for: lines of text (PP-OCR, CRNN), and squares. */
const LINES: readonly Size[] = [
  [48, 320],
  [32, 320],
  [32, 100],
  [64, 256],
];
const SQUARES: readonly Size[] = [224, 32, 64, 96, 112, 128, 160, 192, 256, 299, 320, 384, 416, 448, 512, 640, 28].map(
  (side) => [side, side],
);

/**
 * What to say where a model fails on a picture whose size it leaves open: which size that was, and one at which it
 * runs, found by running it. The error itself where the size is not to blame: the model fixes it, no picture was made,
 * or it fails at the usual sizes as well.
 */
export async function refusedSize(
  model: LoadedModel,
  feeds: Feeds,
  samples: Readonly<Record<string, Sample>>,
  error: unknown,
): Promise<unknown> {
  const pictures = Object.entries(samples).filter(
    ([name, { geometry, axes }]) => geometry && axes && openSides(model, name, axes).includes(true),
  );
  if (!(error instanceof ModelError) || !error.message.startsWith(FAILED) || pictures.length === 0) return error;
  const [name, { axes, dims }] = pictures[0];
  const tried = `${dims[axes!.height]}×${dims[axes!.width]}`;
  const reason = error.message
    .slice(FAILED.length)
    .replace(/^[^:]*:\s*/, "")
    .replace(/\.$/, "");
  const message = `The model does not run on the input "${name}" at ${tried}, the size in its recipe: ${reason}.`;
  const fitting = await firstThatRuns(model, feeds, pictures);
  return new DataError(
    message,
    undefined,
    fitting
      ? `It runs at ${fitting.join("×")}. Set this size in the recipe: "size": [${fitting.join(", ")}]${fitting[0] < fitting[1] ? ', and "fit": "pad" keeps a whole line of text' : ""}.`
      : `It runs at none of the common sizes that were tried. Set another in the recipe: "size": [HEIGHT, WIDTH].`,
  );
}

const FAILED = "ONNX Runtime failed while it ran the model";

/** Whether the model leaves height and width open. */
function openSides(
  { description }: LoadedModel,
  name: string,
  { height, width }: NonNullable<Sample["axes"]>,
): [height: boolean, width: boolean] {
  const dims = description.inputs.find((input) => input.name === name)?.dims;
  const isOpen = (axis: number): boolean => typeof dims?.[axis] !== "number";
  return [isOpen(height), isOpen(width)];
}

/**
 * The first usual size at which the model runs and gives one result for each picture; sides that it fixes stay as they
 * are.
 */
async function firstThatRuns(
  model: LoadedModel,
  feeds: Feeds,
  pictures: readonly (readonly [string, Sample])[],
): Promise<Size | undefined> {
  const [output] = model.description.outputs;
  if (output === undefined) return undefined;
  const [first, { axes, dims }] = pictures[0];
  const [height, width] = openSides(model, first, axes!);
  const givesSequence = output.dims?.length === 3;
  const usual = givesSequence ? [...LINES, ...SQUARES] : [...SQUARES, ...LINES];
  const sizes = new Map(
    usual
      .map(([h, w]): Size => [height ? h : dims[axes!.height], width ? w : dims[axes!.width]])
      .map((size) => [size.join(), size]),
  );
  sizes.delete([dims[axes!.height], dims[axes!.width]].join());
  for (const size of sizes.values()) {
    const changed = Object.fromEntries(
      pictures.map(([name, sample]) => [name, resized(feeds[name], sample.axes!, size)]),
    );
    const found = await model.forward({ ...feeds, ...changed }, [output.name]).catch(() => undefined);
    // A reshape to [-1, n] also takes a larger picture, for several.
    const batch = found?.get(output.name)?.dims[0];
    if (batch !== undefined && (batch === dims[0] || output.dims?.length === 1)) return size;
  }
  return undefined;
}

/** An input of zeros in another size: whether a model runs does not depend on its pixels. */
function resized(feed: Feeds[string], axes: NonNullable<Sample["axes"]>, [height, width]: Size): Feeds[string] {
  const dims = feed.dims.map((dim, axis) => (axis === axes.height ? height : axis === axes.width ? width : dim));
  const Numbers = feed.data.constructor as new (length: number) => typeof feed.data;
  return { ...feed, dims, data: new Numbers(elementCount(dims)) };
}
