// How a derived graph is run: the order that ONNX Runtime takes, what is made early, and what all of it takes.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { differentiate, reachedFrom } from "../autodiff/differentiate.ts";
import { gradientRules } from "../autodiff/rules/index.ts";
import type { Node } from "../model/graph.ts";
import { ModelCache } from "./model-cache.ts";
import { executionOrder } from "./order.ts";
import { loadOrt, type Feeds } from "./ort.ts";
import { planRun, type RunPlan } from "./run-plan.ts";
import { node, weight, writeSmallModel, type SmallModel } from "../../test/support/models.ts";

const MEBI = 2 ** 20;
const models = new ModelCache();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-plan-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("ONNX Runtime's order", () => {
  test("is the one that is reckoned with: depth first from the last end, the last input in the list first", async () => {
    // Two branches that join, an end beside them, another list order than that of need.
    const nodes = [
      node("Tanh", ["x"], ["a"]),
      node("Sin", ["x"], ["b"]),
      node("Cos", ["a"], ["c"]),
      node("Mul", ["c", "b"], ["d"]),
      node("Exp", ["b"], ["e"]),
      node("Sub", ["d", "a"], ["f"]),
      node("Neg", ["a"], ["g"]),
      node("Add", ["f", "c"], ["y"]),
      node("Abs", ["b"], ["z"]),
    ];
    const path = writeSmallModel(folder, "order.onnx", {
      inputs: { x: ["float32", 4] },
      outputs: ["y", "z", "e", "g"],
      nodes,
    });
    const { InferenceSession, Tensor } = await loadOrt();
    const session = await InferenceSession.create(path, {
      graphOptimizationLevel: "disabled",
      enableProfiling: true,
      profileFilePrefix: join(folder, "profile"),
      logSeverityLevel: 4,
    });
    await session.run({ x: new Tensor("float32", new Float32Array(4), [4]) });
    session.endProfiling();
    await session.release();
    const events = JSON.parse(
      readFileSync(
        join(
          folder,
          readdirSync(folder).find((name) => name.startsWith("profile"))!,
        ),
        "utf8",
      ),
    ) as { name: string; args?: { op_name?: string } }[];
    const ran = events.filter(({ name }) => name.endsWith("_kernel_time")).map(({ args }) => args?.op_name);
    expect(ran).toHaveLength(nodes.length);
    expect(executionOrder(nodes).map(({ opType }) => opType)).toEqual(ran);
  });
});

/** The gradient graph of `y` by `x`, and how it is run. */
async function planned(
  path: string,
  feeds: Feeds,
): Promise<{
  readonly plan: RunPlan;
  readonly typeOf: (value: string) => string;
  readonly shapeOf: (value: string) => readonly number[];
  readonly back: ReadonlySet<string>;
}> {
  const { specialised } = await (await models.get(path)).traced(feeds);
  const g = specialised.g.fork();
  const seed = g.fresh("seed");
  g.declare(seed, g.shape("y"));
  const gradient = differentiate(g, specialised.forward, {
    of: "y",
    seed,
    wrt: ["x"],
    rules: gradientRules,
    types: specialised.typeOf.bind(specialised),
    known: specialised.known,
  }).get("x")!;
  const plan = planRun(g, specialised, specialised.graphFor(g, [gradient], [{ name: seed, dims: g.shape(seed) }]), [
    seed,
  ]);
  return {
    plan,
    typeOf: (value) => g.typeOf(value) ?? specialised.typeOf(value) ?? "float32",
    shapeOf: (value) => (g.has(value) ? g.shape(value) : []),
    back: reachedFrom([seed], plan.graph.nodes, () => true),
  };
}

const BLOCKS = 8;
const [side, channels] = [512, 16];
/** Of 16 MB. */
const dims = [1, channels, side, side];
const feeds = (value: number): Feeds => ({
  x: { dataType: "float32", dims, data: new Float32Array(channels * side * side).fill(value) },
});

/** Eight blocks, each from `from` to `to`, and the sum of all. */
function residual(
  name: string,
  block: (from: string, to: string, k: number) => readonly Node[],
  weights: SmallModel["weights"] = [],
): string {
  const blocks = Array.from({ length: BLOCKS }, (_, k) => block(k === 0 ? "x" : `h${k}`, `h${k + 1}`, k)).flat();
  return writeSmallModel(folder, name, {
    inputs: { x: ["float32", 1, channels, "H", "W"] },
    outputs: ["y"],
    weights: [weight("w", [], [0.5]), ...(weights ?? [])],
    nodes: [...blocks, node("ReduceSum", [`h${BLOCKS}`], ["y"], { keepdims: { type: "int", value: 0 } })],
  });
}
const rectified = (): string =>
  residual("rectified.onnx", (from, to, k) => [
    node("Mul", [from, "w"], [`m${k}`]),
    node("Relu", [`m${k}`], [`r${k}`]),
    node("Add", [from, `r${k}`], [to]),
  ]);

describe("a large gradient graph", () => {
  test("keeps masks of rectifiers as booleans, made as soon as they can be: 32 MB of them, not 128 MB of activations", async () => {
    const { plan, typeOf, shapeOf, back } = await planned(rectified(), feeds(1));
    const order = executionOrder(plan.graph.nodes);
    const masks = order.filter(({ opType }) => opType === "Greater");
    expect(masks).toHaveLength(BLOCKS);
    for (const { outputs } of masks) expect([typeOf(outputs[0]), shapeOf(outputs[0])]).toEqual(["bool", dims]);
    const firstBack = order.findIndex(({ outputs }) => outputs.some((output) => back.has(output)));
    for (const mask of masks) expect(order.indexOf(mask)).toBeLessThan(firstBack);
    // By hand: eight masks of 4 MB; at a Where its gradient, what it gives and the two that it chooses from, 16 MB
    // each; the gradient that goes past it.
    const needed = 8 * 4 + 5 * 16;
    expect(plan.live / MEBI).toBeLessThanOrEqual(1.1 * needed);
    expect(plan).toMatchObject({ optimization: "basic" });
  });

  test("makes derivatives of what is kept anyway when the way back needs them", async () => {
    // SiLU keeps x and its sigmoid for the product; y(1 − y) beside them would be a third.
    const path = residual("silu.onnx", (from, to, k) => [
      node("Mul", [from, "w"], [`m${k}`]),
      node("Sigmoid", [`m${k}`], [`s${k}`]),
      node("Mul", [`m${k}`, `s${k}`], [`r${k}`]),
      node("Add", [from, `r${k}`], [to]),
    ]);
    const { plan } = await planned(path, feeds(1));
    // By hand: eight times two values of 16 MB, and at most four for one operator of the way back.
    expect(plan.live / MEBI).toBeLessThanOrEqual(1.1 * (8 * 2 + 4) * 16);
  });

  test("clips of quantised values are seen in the values themselves: nothing else of their size is made on the way there", async () => {
    const path = residual(
      "quantised.onnx",
      (from, to, k) => [
        node("Mul", [from, "w"], [`m${k}`]),
        node("QuantizeLinear", [`m${k}`, "scale", "zero"], [`q${k}`]),
        node("DequantizeLinear", [`q${k}`, "scale", "zero"], [`r${k}`]),
        node("Add", [from, `r${k}`], [to]),
      ],
      [weight("scale", [], [0.5]), weight("zero", [], [0], "uint8")],
    );
    const { plan, typeOf, shapeOf, back } = await planned(path, feeds(1));
    const beside = plan.graph.nodes.filter(
      ({ outputs }) => outputs[0].startsWith("loupe.") && !back.has(outputs[0]) && shapeOf(outputs[0]).length === 4,
    );
    expect([...new Set(beside.map(({ outputs }) => typeOf(outputs[0])))]).toEqual(["bool"]);
    expect(beside).toHaveLength(3 * BLOCKS);
  });

  test("makes what maxima are put into when it runs, where windows overlap; else there are no zeros", async () => {
    const pool = (name: string, stride: number): string =>
      writeSmallModel(folder, name, {
        inputs: { x: ["float32", 1, channels, "H", "W"] },
        outputs: ["y"],
        nodes: [
          node("Tanh", ["x"], ["a"]),
          node("MaxPool", ["a"], ["b"], {
            kernel_shape: { type: "ints", value: [2, 2] },
            strides: { type: "ints", value: [stride, stride] },
          }),
          node("ReduceSum", ["b"], ["y"], { keepdims: { type: "int", value: 0 } }),
        ],
      });
    const [apart, over] = [
      await planned(pool("apart.onnx", 2), feeds(0)),
      await planned(pool("over.onnx", 1), feeds(0)),
    ];
    // Zeros of a constant shape would be a weight to ONNX Runtime: 16 MB that stay.
    const fedOnly = (plan: RunPlan): ReadonlySet<string> =>
      reachedFrom(
        plan.graph.inputs.map(({ name }) => name),
        plan.graph.nodes,
        () => true,
      );
    const zeros = (plan: RunPlan): readonly boolean[] =>
      plan.graph.nodes
        .filter(
          ({ opType, inputs }) => opType === "Expand" && plan.graph.initializers.some(({ name }) => name === inputs[0]),
        )
        .map(({ outputs }) => fedOnly(plan).has(outputs[0]));
    expect([zeros(over.plan), zeros(apart.plan)]).toEqual([[true], []]);
    // Of equals the first counts: of a constant picture each window's left upper place.
    for (const [name, expected] of [
      ["apart.onnx", [1, 0, 1, 0]],
      ["over.onnx", [1, 1, 1, 1]],
    ] as const) {
      const { gradients } = await (
        await models.get(join(folder, name))
      ).gradients(feeds(0), { of: "y", seed: Float32Array.of(1), wrt: ["x"] });
      expect([...gradients.get("x")!.data.slice(0, 4)]).toEqual(expected);
    }
  });

  test("gives the right numbers: each block multiplies by 1 + w where it is active", async () => {
    const model = await models.get(rectified());
    for (const [value, slope] of [
      [1, 1.5 ** BLOCKS],
      [-1, 1],
    ]) {
      const { gradients } = await model.gradients(feeds(value), { of: "y", seed: Float32Array.of(1), wrt: ["x"] });
      const found = gradients.get("x")!;
      expect(found.dims).toEqual(dims);
      for (const at of [0, 12345, found.data.length - 1]) expect(found.data[at]).toBeCloseTo(slope, 4);
    }
  });
});

describe("a small gradient graph", () => {
  test("is run as fast as it can be, with its shapes known", async () => {
    const small: Feeds = {
      x: { dataType: "float32", dims: [1, channels, 8, 8], data: new Float32Array(channels * 64) },
    };
    const { plan } = await planned(rectified(), small);
    expect(plan).toMatchObject({ optimization: "all", feeds: {} });
    expect(plan.graph.inputs[0].type).toMatchObject({ dims: [1, channels, 8, 8] });
  });
});

test.skipIf(process.platform !== "linux")(
  "a run takes no more than lives at once, and a tenth: the process's peak",
  async () => {
    // Twice up and down from 16 MB to 64 MB and back, so that memory of each size is free for a while and taken again.
    // By hand: 64 MB and what is made of it.
    const widths = [1, 2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2];
    const path = writeSmallModel(folder, "widths.onnx", {
      inputs: { x: ["float32", 1, channels, "H", "W"] },
      outputs: ["y"],
      weights: [
        weight("start", [1], [0], "int64"),
        weight("end", [1], [channels], "int64"),
        weight("axis", [1], [1], "int64"),
      ],
      nodes: [
        ...widths.flatMap((width, k) => [
          node("Concat", new Array<string>(width).fill(k === 0 ? "x" : `h${k}`), [`c${k}`], {
            axis: { type: "int", value: 1 },
          }),
          node("Neg", [`c${k}`], [`u${k}`]),
          node("Neg", [`u${k}`], [`v${k}`]),
          node("Slice", [`v${k}`, "start", "end", "axis"], [`h${k + 1}`]),
        ]),
        node("ReduceSum", [`h${widths.length}`], ["y"], { keepdims: { type: "int", value: 0 } }),
      ],
    });
    const program = resolve("dist/test-gradient.js");
    await build({
      stdin: {
        resolveDir: resolve("."),
        loader: "ts",
        contents: `import { readFileSync, writeFileSync } from "node:fs";
        import { LoadedModel } from "./src/runtime/models.ts";
        import { openModel } from "./src/model/open.ts";
        const kibi = (what: string): number => Number.parseInt(readFileSync("/proc/self/status", "utf8").split(what + ":")[1], 10);
        void openModel(process.argv[2]).then(async (open) => {
          const feeds = { x: { dataType: "float32" as const, dims: [${dims.join()}], data: new Float32Array(${channels * side * side}) } };
          const model = new LoadedModel(open, 1);
          await model.traced(feeds);
          // The peak so far, which is the trace's, is forgotten.
          writeFileSync("/proc/self/clear_refs", "5");
          const before = kibi("VmRSS");
          await model.gradients(feeds, { of: "y", seed: Float32Array.of(1), wrt: ["x"] });
          process.stdout.write(String(kibi("VmHWM") - before));
        });`,
      },
      outfile: program,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      external: ["onnxruntime-node", "sharp"],
      logLevel: "error",
    });
    try {
      // Freed memory goes back at once, so that the peak is what was taken, not what the C library keeps.
      const { stdout, stderr } = spawnSync(process.execPath, [program, path], {
        encoding: "utf8",
        env: { ...process.env, MALLOC_MMAP_THRESHOLD_: String(MEBI) },
      });
      expect(stderr).toBe("");
      expect(Number(stdout) / 1024).toBeGreaterThan(100);
      expect(Number(stdout) / 1024).toBeLessThanOrEqual(1.1 * (64 + 64));
    } finally {
      rmSync(program, { force: true });
    }
  },
  120_000,
);
