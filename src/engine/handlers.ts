import type { CallContext, Handlers } from "../protocol/link.ts";
import type { EngineApi, JobMethod } from "../protocol/engine.ts";
import type { Job } from "../protocol/job.ts";
import type { Recipe, RecipeReport } from "../protocol/recipe.ts";
import { withoutValues } from "../protocol/result.ts";
import { layerDetails } from "../model/describe.ts";
import { describeClasses, loadRecipe, preview, saveRecipe, validateRecipe } from "../data/index.ts";
import { fitProblem, rowCount } from "../data/fit.ts";
import { exportExplanation } from "../export/explanation.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import type { LoadedModel } from "../runtime/models.ts";
import { explainableInputs } from "../techniques/framework/input-choices.ts";
import { limitsOf } from "../techniques/framework/limits.ts";
import { channelOf, layersOf, tilesOf } from "../techniques/activations/layer-views.ts";
import { checkSample } from "../techniques/framework/sample-check.ts";
import { runJob, type RunEnvironment } from "../techniques/framework/run.ts";
import { Lane } from "./lane.ts";
import { arrayOf, keepNumbers } from "./numbers.ts";
import { tensorSummary } from "./tensors.ts";
import { testHook } from "./test-hook.ts";

/** How many threads run a model, as the extension sets it from its setting; undefined where ONNX Runtime chooses. */
export function threadsFromEnvironment(text = process.env.NEURAL_LOUPE_THREADS): number | undefined {
  const threads = Number(text ?? 0);
  return Number.isInteger(threads) && threads >= 1 && threads <= 1024 ? threads : undefined;
}

/**
 * What the engine does when called. Describing files reads no weights and loads no runtime; ONNX Runtime comes with the
 * first run. Runs go one after another, for memory's sake and because their time is a person's measure; small calls do
 * not queue behind them (but wait while native code has the thread).
 */
export function engineHandlers(): Handlers<EngineApi> {
  const models = new ModelCache({ threads: threadsFromEnvironment() });
  const lane = new Lane();
  let runs = 0;

  /** A job waits for its turn. */
  const queued =
    <K extends JobMethod>(method: K) =>
    (request: Parameters<EngineApi[K]>[0], context: CallContext): Promise<ReturnType<EngineApi[K]>> =>
      lane.run(context.signal, () => {
        runs++;
        return jobs[method](request, { models, signal: context.signal, progress: context.progress });
      });

  return {
    describe: ({ model }) => models.use(model, (loaded) => ({ ...loaded.description, limits: limitsOf(loaded) })),
    layer: ({ model, index }) => models.use(model, ({ open }) => layerDetails(open, index)),
    tensor: ({ model, name }) => models.use(model, ({ open }) => tensorSummary(open, name)),
    recipe: ({ model }) => models.use(model, recipeOf),
    saveRecipe: ({ model, recipe }) =>
      models.use(model, async (loaded) => {
        await saveRecipe(model, recipe);
        return recipeOf(loaded);
      }),
    classNames: ({ model, file }) => describeClasses(file, model),
    checkSample: (request) =>
      models.use(request.model, (loaded) => checkSample(loaded, sound(request).recipe, request.inputs)),
    fitProblems: ({ files, ...request }, { signal }) =>
      models.use(request.model, async ({ description }) => {
        const { recipe } = sound(request);
        const problems: (string | undefined)[] = [];
        for (const file of files) {
          signal.throwIfAborted();
          problems.push(await fitProblem(file, recipe, description.inputs));
        }
        return problems;
      }),
    rowCount: (request) => rowCount(request.file, sound(request).recipe),
    preview: async (request) => {
      const { recipe, input } = sound(request);
      return preview(input, recipe);
    },
    status: () => ({
      pid: process.pid,
      onnxruntime: models.onnxruntimeVersion,
      memory: process.memoryUsage.rss(),
      runs,
    }),
    layers: queued("layers"),
    run: queued("run"),
    array: queued("array"),
    channel: queued("channel"),
    tiles: queued("tiles"),
    exportExplanation: queued("exportExplanation"),
  };
}

async function recipeOf(loaded: LoadedModel): Promise<RecipeReport> {
  const report = await loadRecipe(loaded.description, loaded.readConstant);
  return { ...report, explainable: explainableInputs(loaded, report.recipe) };
}

/** What runs a model. One that is missing here, or that is no job, fails the build. */
const jobs: {
  readonly [K in JobMethod]: (
    request: Parameters<EngineApi[K]>[0],
    env: RunEnvironment,
  ) => Promise<ReturnType<EngineApi[K]>>;
} = {
  layers: async (request, env) => layersOf(sound(request), env),
  run: async (job, env) => {
    const checked = sound(job);
    await testHook(job, env.signal);
    return withoutValues(keepNumbers(checked, await runJob(checked, env), env.models));
  },
  array: async (request, env) => arrayOf(withSoundJob(request), env),
  channel: async (request, env) => channelOf(withSoundJob(request), env),
  tiles: async (request, env) => tilesOf(withSoundJob(request), env),
  exportExplanation: async (request, env) => exportExplanation(withSoundJob(request), env),
};

/**
 * A request whose recipe is checked: it may come from a panel's form or a state that was kept. DataError that names the
 * place.
 */
function sound<T extends { readonly recipe: Recipe }>(request: T): T {
  return { ...request, recipe: validateRecipe(request.recipe, "recipe") };
}

function withSoundJob<T extends { readonly job: Job }>(request: T): T {
  return { ...request, job: sound(request.job) };
}
