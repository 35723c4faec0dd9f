// A child process that answers a part of EngineApi and misbehaves on request, for the tests of the supervisor. Bundled
// and forked by engine-process.test.ts; what it does is in the job's option "do".
import { Link } from "../../src/protocol/link.ts";
import type { CallContext, Handlers } from "../../src/protocol/link.ts";
import type { EngineApi } from "../../src/protocol/engine.ts";
import type { Job } from "../../src/protocol/job.ts";
import type { ModelDescription } from "../../src/protocol/model.ts";
import type { Result } from "../../src/protocol/result.ts";
import { parentWire } from "../../src/engine/parent-wire.ts";

if (process.argv.includes("die-at-once")) {
  console.error("cannot load native module");
  process.exit(7);
}

let runs = 0;

function result(text: string): Result {
  return {
    arrays: [{ dims: [2, 2], type: "float32", view: "map" }],
    views: [
      {
        kind: "heatmap",
        id: "map",
        title: "",
        values: new Float32Array([1, 2, 3, runs]),
        dims: [2, 2],
        axes: { height: 0, width: 1 },
        quantity: "",
        signed: false,
        smooth: false,
        caption: "",
      },
    ],
    context: { pictures: [] },
    notes: [text],
    time: { run: 0, total: 0 },
    provenance: {
      technique: "test",
      model: { name: "", hash: "" },
      input: { name: "", hash: "" },
      recipe: {},
      params: {},
      versions: { neuralLoupe: "", onnxruntime: "" },
      threads: 1,
    },
  };
}

const handlers: Partial<Handlers<EngineApi>> = {
  status: () => ({ pid: process.pid, memory: process.memoryUsage.rss(), runs }),
  describe: ({ model }) => {
    if (model === "crash") process.kill(process.pid, "SIGSEGV");
    return { name: model, stamp: String(process.pid) } as ModelDescription;
  },
  run: work,
  exportExplanation: async ({ job }, context) => {
    await work(job, context);
    return {
      files: [job.technique],
      size: process.pid,
      technique: job.technique,
      inputs: [],
      outputs: [],
      batch: "any",
      notes: [],
      difference: 0,
      triton: "",
    };
  },
};

async function work(job: Job, { signal, progress }: CallContext): Promise<Result> {
  runs++;
  switch (job.params.do) {
    case "throw":
      throw Object.assign(new Error("No such layer: conv9"), {
        name: "UsageError",
        where: "layer",
        hint: "Choose another.",
      });
    case "die":
      process.kill(process.pid, "SIGKILL");
      break;
    case "abort":
      process.abort();
    // eslint-disable-next-line no-fallthrough -- abort() does not return
    case "exit":
      process.exit(3);
    // eslint-disable-next-line no-fallthrough -- exit() does not return
    case "block":
      progress({ text: "blocking", fraction: 0.5 });
      // Lets the progress out before the thread is gone.
      await new Promise((resolve) => setTimeout(resolve, 20));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
      break;
    case "batches":
      for (let i = 0; i < 1000; i++) {
        if (signal.aborted) throw Object.assign(new Error("Cancelled."), { name: "AbortError" });
        progress({ text: `batch ${i}`, fraction: i / 1000 });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      break;
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, 300));
      break;
  }
  return result(`${job.technique} in ${process.pid}`);
}

process.on("disconnect", () => process.exit(0));
new Link<EngineApi, Record<never, never>>(parentWire(process), handlers as Handlers<EngineApi>);
