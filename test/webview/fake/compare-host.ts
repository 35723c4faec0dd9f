import { withoutValues } from "../../../src/protocol/result.ts";
import type { AxisEntry, AxisKind, CompareBoot, CompareHost, CompareState } from "../../../src/protocol/compare.ts";
import type { BarsArtifact, TokensArtifact } from "../../../src/protocol/artifacts.ts";
import { isComparable } from "../../../src/protocol/compare.ts";
import type { Handlers } from "../../../src/protocol/link.ts";
import { Link, RemoteError } from "../../../src/protocol/link.ts";
import { DEFAULT_LOOKS } from "../../../src/protocol/looks.ts";
import type { PanelState } from "../../../src/protocol/panel.ts";
import type { ChangeReason, SessionView } from "../../../src/protocol/session.ts";
import { noted, page, scenario, wire, work } from "./page.ts";
import { otherKinds } from "./panel-techniques.ts";
import { classNames, resultFor } from "./results.ts";

const method = (technique: string): AxisEntry => ({ kind: "method", technique });
const target = (index: number): AxisEntry => ({ kind: "target", target: { index: [index] }, label: classNames[index] });

/** What the person would choose in the list, by the kind asked for. */
const picks: Record<AxisKind, readonly AxisEntry[]> = {
  method: [method("saliency"), method("grad-cam"), method("cam")],
  target: [target(285), target(282)],
  layer: [
    { kind: "layer", layer: "project_6" },
    { kind: "layer", layer: "relu" },
  ],
  model: [
    { kind: "model", model: "file:///samples/efficientnet-lite0.onnx" },
    { kind: "model", model: "file:///other/efficientnet-lite0.onnx" },
  ],
  ...(scenario.picks as Partial<Record<AxisKind, readonly AxisEntry[]>> | undefined),
};

let state: CompareState = {
  base: {
    model: "file:///samples/efficientnet-lite0.onnx",
    input: "file:///samples/cat.png",
    technique: "saliency",
    target: {},
    params: {},
  },
  columns: { kind: "method", entries: picks.method },
  removed: [],
  looks: DEFAULT_LOOKS,
  scale: "own",
  ...(scenario.state as Partial<CompareState> | undefined),
};

function boot(): CompareBoot {
  return {
    state,
    techniques: otherKinds.filter(isComparable),
    inputName: "cat.png",
    outputs: ["logits"],
    recipe: {
      recipe: { version: 1, inputs: {} },
      reasons: [],
      classes: classNames,
      ...(scenario.explainable
        ? { explainable: scenario.explainable as NonNullable<CompareBoot["recipe"]["explainable"]> }
        : {}),
    },
    ...(typeof scenario.blocked === "string" ? { blocked: scenario.blocked } : {}),
  };
}

/** Techniques whose results are on disk from before, that fail, and that take their time (milliseconds). */
const cached = new Set((scenario.cached as string[] | undefined) ?? []);
const failing = new Set((scenario.failing as string[] | undefined) ?? []);
const delays = (scenario.delays ?? {}) as Readonly<Record<string, number>>;

page.fake.running = 0;
page.fake.mostAtOnce = 0;
page.fake.done = [];

const link = new Link<CompareHost, SessionView>(
  wire,
  noted<Handlers<CompareHost>>({
    ready: boot,
    find: ({ cell }) => (cached.has(cell.technique) ? { result: withoutValues(result(cell)) } : {}),
    async run({ cell }, context) {
      page.fake.running = Number(page.fake.running) + 1;
      page.fake.mostAtOnce = Math.max(Number(page.fake.mostAtOnce), Number(page.fake.running));
      try {
        await work(delays[cell.technique] ?? 0, "Step 12 of 50", context, () => result(cell));
        if (failing.has(cell.technique))
          throw new RemoteError(
            "UnsupportedError",
            "There is no gradient rule for NonMaxSuppression.",
            "node /_blocks.3/NonMaxSuppression",
            "CAM works without gradients.",
          );
        (page.fake.done as string[]).push(cell.technique);
        return { result: withoutValues(result(cell)), cached: false };
      } finally {
        page.fake.running = Number(page.fake.running) - 1;
      }
    },
    array: ({ cell, index }) => ({ values: result(cell).arrays[index].values }),
    remember: (request) => {
      state = request.state;
    },
    pickEntries: ({ kind }) => ({ entries: picks[kind] }),
    pickInput: () => ({ input: "file:///samples/dog.png", name: "dog.png" }),
    pickTarget: () => ({ target: { index: [284] }, label: "Siamese cat" }),
    pickFiles: () => ({ inputs: ["file:///samples/grey.png"], paths: ["/samples/grey.png"] }),
    copied: () => undefined,
    save({ suggestedName, bytes }) {
      // As text: large lists of numbers take Playwright long.
      page.fake.saved = {
        name: suggestedName,
        base64: btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), "")),
      };
      return { saved: true };
    },
    openPanel: () => undefined,
  }),
);

/** What a table's row and a text give instead of a picture: other values for each method, the same each time. */
function result(cell: PanelState): ReturnType<typeof resultFor> {
  const made = resultFor(cell);
  const factor = cell.technique === "saliency" ? 1 : 10;
  if (scenario.row) {
    const values = Float32Array.of(0.1, -0.3, 0.8, 0.2).map((value) => value * factor);
    const names = ["sepal length", "sepal width", "petal length", "petal width"];
    const order = [2, 1, 3, 0];
    const main: BarsArtifact = {
      kind: "bars",
      id: "row",
      title: "Columns",
      quantity: "∂y/∂x",
      share: false,
      caption: "",
      values,
      dims: [1, 4],
      items: order.map((index) => ({ label: names[index], value: values[index], index })),
    };
    return { ...made, views: [main] };
  }
  if (scenario.text) {
    const tokens = ["[CLS]", "a", "won", "##derful", "film", "[SEP]"];
    const values = Float32Array.of(0, 0.1, 0.9, 0.7, -0.2, 0).map((value) => value * factor);
    const main: TokensArtifact = {
      kind: "tokens",
      id: "text",
      title: "Tokens",
      tokens,
      values,
      dims: [6],
      quantity: "Σ x·∂y/∂x",
      signed: true,
      caption: "",
    };
    return { ...made, views: [main] };
  }
  return made;
}

page.fake.changed = (reason: ChangeReason) => {
  if (reason === "trusted") delete scenario.blocked;
  return link.call("changed", { reason });
};
