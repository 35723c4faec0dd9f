import { ModelCache } from "../runtime/model-cache.ts";
import { NO_HINTS } from "../techniques/framework/output.ts";
import { JobContext } from "../techniques/framework/context.ts";
import { AGREES } from "../techniques/checks/gradcheck-verdict.ts";
import { checkGradients } from "../techniques/checks/gradcheck.ts";
import { preparedFor } from "../techniques/framework/joint-input.ts";
import { prepareInput } from "../techniques/framework/prepared-input.ts";
import { withOtherMethods } from "../techniques/framework/other-methods.ts";
import { techniques } from "../techniques/index.ts";
import { saliency } from "../techniques/gradients/saliency.ts";
import { remark } from "./remarks.ts";
import { ONNX } from "../protocol/formats.ts";
import { inputsOf, oneSample, progressLine, targetSpec, threadCount } from "./arguments.ts";
import { command, ONE_SAMPLE, WrongUsage, type Values } from "./options.ts";
import { print, printJson } from "./terminal.ts";

const OPTIONS = {
  input: { needed: "always", help: ONE_SAMPLE },
  target: {},
  against: {},
  output: {},
  recipe: {},
  seed: {},
  json: {},
  threads: {},
} as const;

/** The gradient against finite differences; exit 1 where they differ. */
export const gradcheck = command({
  name: "gradcheck",
  summary: "Compares the gradient of a model with finite differences. Exit code 1 where they differ.",
  positional: ["MODEL"],
  options: OPTIONS,
  example: `gradcheck model.${ONNX.extensions[0]} --input cat.png`,
  run: ({ positional: [path], options }) => runCheck(path, options),
});

async function runCheck(path: string, options: Values<typeof OPTIONS>): Promise<number> {
  const seed = Number(options.seed ?? 0);
  if (!Number.isInteger(seed) || seed < 0)
    throw new WrongUsage(`--seed must be a whole number of at least 0, not "${options.seed}".`);
  const models = new ModelCache({ threads: threadCount(options.threads) });
  const progress = progressLine();
  try {
    const model = await models.get(path);
    const fed = await prepareInput(model, oneSample(await inputsOf(model, options)));
    for (const { notes = [] } of Object.values(fed.samples)) for (const note of notes) remark(note);
    const context = await JobContext.create(preparedFor(fed, saliency.info), {
      info: saliency.info,
      hints: NO_HINTS,
      target: targetSpec(options, model.description),
      params: { score: "logit" },
      signal: new AbortController().signal,
      progress: progress.show,
    });
    const check = await checkGradients(context, seed);
    progress.end();
    const { verdict, why, worst, directions } = check;
    if (options.json) printJson({ ...check, tolerance: AGREES, passed: verdict === "agrees" });
    else {
      for (const { kind, analytic, numeric, error, ...one } of directions) {
        print(
          `${kind.padEnd(8)} gradient ${analytic.toExponential(6)}  differences ${numeric.toExponential(6)}  relative error ${error.toExponential(2)}  ${one.verdict}${one.why ? `: ${one.why}` : ""}\n`,
        );
      }
      print(`${verdict}${why ? `: ${why}` : ""} (worst relative error ${worst.toExponential(3)})\n`);
    }
    return verdict === "differs" ? 1 : 0;
  } catch (error) {
    throw withOtherMethods(
      error,
      techniques.map(({ info }) => info),
    );
  } finally {
    progress.end();
    models.dispose();
  }
}
