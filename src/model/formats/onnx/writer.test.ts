import { readdirSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { EFFICIENTNET, expected, onnxFile, temporaryFolder } from "../../../../test/reference/onnx-files/index.ts";
import { liftConstants } from "../../constants.ts";
import type { Graph, Model, TensorRef } from "../../graph.ts";
import { tensorFromArray } from "../../tensor.ts";
import { writeModel, type WrittenModel } from "./index.ts";
import { openModel, type OpenModel } from "../../open.ts";

const folder = temporaryFolder();
const FILES = readdirSync(onnxFile(".")).filter((name) => name.endsWith(".onnx"));

/** A model with every tensor's bytes in place of where they are: equal for equal models. */
function resolved(open: OpenModel): unknown {
  return JSON.parse(
    JSON.stringify(open.model, (key, value: unknown) => {
      if (key === "problems") return undefined;
      if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
      if (typeof value === "object" && value !== null && "storage" in value) {
        const tensor = value as TensorRef;
        return { ...tensor, storage: Buffer.from(open.bytesOf(tensor)).toString("hex") };
      }
      return value;
    }),
  );
}

function session(written: WrittenModel, open: OpenModel): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(written.bytes, {
    logSeverityLevel: 3,
    externalData: written.files.map(({ path, file }) => ({ path, data: open.fileBytes(file) })),
  });
}

async function run(model: ort.InferenceSession, feeds: Record<string, ort.Tensor>): Promise<Record<string, unknown>> {
  const results = await model.run(feeds);
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, tensor.data]));
}

describe("read, write and read again gives the same model", () => {
  test.each(FILES)("%s", async (name) => {
    const open = await openModel(onnxFile(name));
    const { bytes, files } = writeModel(open.model, open, { external: false });
    expect(files).toEqual([]);
    const again = await openModel(folder.write(name, bytes));
    expect(resolved(again)).toEqual(resolved(open));
    expect(again.model.problems.filter(({ severity }) => severity === "error")).toEqual([]);
    open.close();
    again.close();
  });

  test("EfficientNet-Lite0", async () => {
    const open = await openModel(EFFICIENTNET);
    const { bytes } = writeModel(open.model, open, { external: false });
    const again = await openModel(folder.write("efficientnet.onnx", bytes));
    expect(resolved(again)).toEqual(resolved(open));
    open.close();
    again.close();
  });
});

describe("a written model runs in ONNX Runtime as the original does", () => {
  const image = new ort.Tensor(
    "float32",
    Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => Math.sin(i)),
    [1, 3, 224, 224],
  );

  test.each([
    ["as read", (graph: Graph) => graph],
    ["with its constants lifted", (graph: Graph) => liftConstants(graph)],
  ])("EfficientNet-Lite0 %s, with pointers into the original's weights", async (_name, change) => {
    const open = await openModel(EFFICIENTNET);
    const written = writeModel({ ...open.model, graph: change(open.model.graph) }, open);
    // 18.6 MB of weights are not in it.
    expect(written.bytes.length).toBeLessThan(150_000);
    expect(written.files).toEqual([{ path: "model", file: "" }]);
    const original = await run(await ort.InferenceSession.create(EFFICIENTNET), { images: image });
    expect(await run(await session(written, open), { images: image })).toEqual(original);
    open.close();
  });

  test("external data files, by their names", async () => {
    const open = await openModel(onnxFile("external.onnx"));
    const written = writeModel(open.model, open);
    expect(written.files).toEqual([{ path: "external.bin", file: "external.bin" }]);
    const x = new ort.Tensor(
      "float32",
      Float32Array.from({ length: 10 }, (_, i) => i),
      [1, 10],
    );
    const { y } = await run(await session(written, open), { x });
    (y as Float32Array).forEach((value, i) => expect(value).toBeCloseTo(expected.external[i], 4));
    open.close();
  });

  test.each([true, false])(
    "subgraphs in subgraphs (external data: %s), constants lifted in them too",
    async (external) => {
      const open = await openModel(onnxFile("subgraphs.onnx"));
      const written = writeModel({ ...open.model, graph: liftConstants(open.model.graph) }, open, { external });
      const model = await session(written, open);
      const x = new ort.Tensor(
        "float32",
        Float32Array.from({ length: 400 }, (_, i) => -2 + (4 * i) / 399),
        [400],
      );
      const flag = (value: boolean): ort.Tensor => new ort.Tensor("bool", [value], []);
      for (const first of [true, false]) {
        for (const second of [true, false]) {
          const { sums } = await run(model, {
            x,
            first: flag(first),
            second: flag(second),
            times: new ort.Tensor("int64", [3n], []),
          });
          const wanted = expected[`subgraphs ${first} ${second}`] as number[];
          // Sums of 400 numbers of up to about 10.
          (sums as Float32Array).forEach((value, i) => expect(Math.abs(value - wanted[i])).toBeLessThan(1e-2));
        }
      }
      open.close();
    },
  );

  test("Constant nodes of every kind, lifted and not, some of them outputs of the graph", async () => {
    const open = await openModel(onnxFile("constants.onnx"));
    const x = new ort.Tensor("float32", new Float32Array(600).fill(2), [600]);
    const lifted = liftConstants(open.model.graph, (tensor) => open.bytesOf(tensor));
    expect(lifted.nodes.map((node) => node.opType)).toEqual(["Mul"]);
    for (const graph of [open.model.graph, lifted]) {
      // onnxruntime-node cannot give out what a sparse Constant makes.
      const outputs = graph === lifted ? graph.outputs : graph.outputs.filter(({ name }) => name !== "sparse_pairs");
      const results = await run(
        await session(writeModel({ ...open.model, graph: { ...graph, outputs } }, open), open),
        { x },
      );
      expect(results.value_ints).toEqual(BigInt64Array.of(3n, 4n, 5n));
      if (graph === lifted) expect(results.sparse_pairs).toEqual(Float32Array.of(0, 4, 0, 0, 0, 8));
      expect((results.y as Float32Array)[599]).toBe(2);
    }
    open.close();
  });

  test("outputs without a type, which ONNX Runtime infers", async () => {
    const open = await openModel(EFFICIENTNET);
    const graph: Graph = {
      ...open.model.graph,
      outputs: ["/_conv_stem/Conv_output_0", "logits"].map((name) => ({ name, type: { kind: "unknown" } })),
    };
    const model = await session(writeModel({ ...open.model, graph }, open), open);
    const results = await model.run({ images: image });
    expect(results["/_conv_stem/Conv_output_0"].dims).toEqual([1, 32, 112, 112]);
    open.close();
  });

  test("IR version 3, in which initializers are inputs", async () => {
    const open = await openModel(onnxFile("defaults-ir3.onnx"));
    const { y } = await run(await session(writeModel(open.model, open), open), {
      x: new ort.Tensor("float32", [1, 10], [2]),
    });
    expect(y).toEqual(Float32Array.of(3, 40));
    open.close();
  });

  test("weights of other types at odd offsets", async () => {
    // int64 and float64 need aligned memory in most programs; the offsets in a model file are whatever they are.
    const numbers = Array.from({ length: 300 }, (_, i) => i - 150);
    const types = ["int64", "float64", "float16"] as const;
    const inline: Model = {
      format: "onnx",
      irVersion: 9,
      producer: "",
      producerVersion: "",
      domain: "",
      modelVersion: 0,
      doc: "",
      opsets: { "": 17 },
      metadata: {},
      functions: [],
      problems: [],
      graph: {
        name: "odd",
        inputs: [],
        valueInfo: [],
        sparseInitializers: [],
        initializers: types.map((type, i) => tensorFromArray(`${"x".repeat(i + 1)}${type}`, type, [300], numbers)),
        nodes: types.map((type, i) => ({
          name: "",
          opType: "Cast",
          domain: "",
          inputs: [`${"x".repeat(i + 1)}${type}`],
          outputs: [type],
          attributes: { to: { type: "int", value: 1 } },
        })),
        outputs: types.map((type) => ({ name: type, type: { kind: "unknown" } })),
      },
    };
    const open = await openModel(
      folder.write(
        "odd.onnx",
        writeModel(inline, {
          bytesOf: (tensor) => (tensor.storage.kind === "bytes" ? tensor.storage.bytes : new Uint8Array(0)),
        }).bytes,
      ),
    );
    const offsets = open.model.graph.initializers.map(({ storage }) =>
      storage.kind === "file" && storage.length >= 1024 ? storage.offset : 0,
    );
    expect(offsets.some((offset) => offset % 8 !== 0)).toBe(true);
    const written = writeModel(open.model, open);
    expect(written.bytes.length).toBeLessThan(2000);
    const results = await run(await session(written, open), {});
    for (const type of ["int64", "float64"]) expect(results[type]).toEqual(Float32Array.from(numbers));
    open.close();
  });
});

describe("what cannot be written is an error", () => {
  test("a tensor that could not be read", async () => {
    const open = await openModel(onnxFile("constants.onnx"));
    const broken: TensorRef = {
      name: "w",
      dataType: "float32",
      dims: [1],
      storage: { kind: "bytes", bytes: new Uint8Array(0) },
      problem: "It is cut off.",
    };
    expect(() => writeModel({ ...open.model, graph: { ...open.model.graph, initializers: [broken] } }, open)).toThrow(
      "It is cut off.",
    );
    open.close();
  });

  test("a model over 2 GiB with everything inside", async () => {
    const open = await openModel(onnxFile("constants.onnx"));
    // One array many times over: the size is counted before anything is joined.
    const large = { bytesOf: () => chunk };
    const chunk = new Uint8Array(256 * 1024 * 1024);
    const initializers = Array.from({ length: 9 }, (_, i): TensorRef => ({
      name: `w${i}`,
      dataType: "uint8",
      dims: [chunk.length],
      storage: { kind: "file", file: "", offset: 0, length: chunk.length },
    }));
    const graph = { ...open.model.graph, nodes: [], initializers };
    expect(() => writeModel({ ...open.model, graph }, large, { external: false })).toThrow(
      "more than the 2 GiB limit of an ONNX file",
    );
    expect(writeModel({ ...open.model, graph }, large).bytes.length).toBeLessThan(10_000);
    open.close();
  });
});

test("the model file's key does not collide with a data file named model", async () => {
  const open = await openModel(EFFICIENTNET);
  const [first, second] = open.model.graph.initializers.filter(({ storage }) => storage.kind === "file");
  const moved: TensorRef = {
    ...second,
    name: "other",
    storage: { kind: "file", file: "model", offset: 0, length: 4096 },
    dims: [1024],
  };
  const { files } = writeModel({ ...open.model, graph: { ...open.model.graph, initializers: [first, moved] } }, open);
  expect(files).toEqual([
    { path: "model", file: "" },
    { path: "model_", file: "model" },
  ]);
  open.close();
});
