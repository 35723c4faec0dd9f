import { ModelError } from "../../model/errors.ts";
import { allNodes, isFloat, nodeLabel, type Graph } from "../../model/graph.ts";
import { hasTrait, operatorOf } from "../../model/operators.ts";
import { inferShapes } from "../../model/shapes/infer.ts";
import { inferTypes } from "../../model/types.ts";
import type { Limit } from "../../protocol/obstacles.ts";
import { NO_RECIPE } from "../../protocol/recipe.ts";
import { reachedFrom } from "../../autodiff/differentiate.ts";
import { gradientWays, hasGradients } from "../../autodiff/gradient-ways.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import { NEWEST_OPSET } from "../../runtime/ort.ts";
import { endsInRun, scoreOf } from "../../runtime/score.ts";
import { findPooledHead, noHeadText } from "../cams/pooled-head.ts";
import { inputChoices, type InputChoice } from "./input-choices.ts";
import { withoutGradient } from "./input-gradient.ts";
import { NO_SPATIAL_LAYER } from "./layers.ts";

const kept = new WeakMap<LoadedModel, readonly Limit[]>();

/**
 * What a model rules out, whatever it is fed: found in its graph, without running it. What only a run can tell is none
 * of it.
 */
export function limitsOf(model: LoadedModel): readonly Limit[] {
  let limits = kept.get(model);
  if (!limits) kept.set(model, (limits = findLimits(model)));
  return limits;
}

function findLimits(model: LoadedModel): readonly Limit[] {
  try {
    const run = runLimit(model);
    if (run) return [run];
    const choices = inputChoices(model, NO_RECIPE);
    return [...headLimits(model), ...layerLimits(model, choices), ...gradientLimits(model, choices)];
  } catch (error) {
    // What cannot be prepared cannot run; a graph that nothing can be told of is shown all the same.
    return error instanceof ModelError
      ? [{ obstacle: "run", reason: error.message, ...(error.where ? { where: error.where } : {}) }]
      : [];
  }
}

/** Domains of operators that ONNX Runtime may have. */
const DOMAINS = /^(?:|ai[.]onnx(?:\..*)?|com\.microsoft(?:\..*)?|com\.ms\.internal\..*|org\.pytorch\.aten)$/;

/** Why a model cannot be run at all: what is broken in its file, or not known to ONNX Runtime. */
function runLimit(model: LoadedModel): Limit | undefined {
  const { problems, opsets } = model.description;
  const broken = problems.find(({ severity, function: inside }) => severity === "error" && inside === undefined);
  if (broken) return { obstacle: "run", reason: broken.message, ...(broken.where ? { where: broken.where } : {}) };
  const opset = opsets[""] ?? 1;
  if (opset > NEWEST_OPSET) {
    const reason = `The model uses opset ${opset}; the built-in ONNX Runtime supports up to ${NEWEST_OPSET}.`;
    return { obstacle: "run", reason };
  }
  const foreign = allNodes(model.model.graph).find(({ domain }) => !DOMAINS.test(domain));
  if (!foreign) return undefined;
  const reason = `ONNX Runtime does not have the operator ${operatorOf(foreign)} at node "${nodeLabel(foreign)}".`;
  return { obstacle: "run", reason, where: nodeLabel(foreign) };
}

/** The values that may be explained as scores, in the outputs' order; undefined where only a run shows what they are. */
function scoresOf(model: LoadedModel): readonly string[] | undefined {
  const { graph } = model.model;
  const values = (model.description.explainable ?? []).flatMap((name) => model.explainable(name)?.value ?? []);
  if (values.length === 0 || values.some((value) => endsInRun(graph, value))) return undefined;
  return values.map((value) => scoreOf(graph, value, "logit").value);
}

/** The values by which gradients are asked for: inputs of floats, and what integers are looked up as. */
function sourcesOf(choices: readonly InputChoice[]): readonly string[] {
  return choices.flatMap(({ name, kind, lookups }) => (kind === "floats" ? [name] : lookups.map(({ value }) => value)));
}

function gradientLimits(model: LoadedModel, choices: readonly InputChoice[]): Limit[] {
  const { graph } = model.model;
  const sources = sourcesOf(choices);
  const scores = scoresOf(model);
  if (sources.length === 0) {
    // Whether texts can be replaced is known once there is a sample.
    const [choice] = choices;
    if (choice === undefined || choices.some(({ name }) => typeOf(model, name) === "string")) return [];
    const { message } = withoutGradient(choice.name, typeOf(model, choice.name) ?? "no tensor", choice.reason);
    return [{ obstacle: "float input", reason: message, where: choice.name }];
  }
  if (scores === undefined) return [];
  const ways = scores.map((score) => gradientWays(graph, score));
  const stops = ways.flatMap((way) => sources.map((source) => way.stop(source)));
  const [stop] = stops;
  if (stop === undefined || stops.includes(undefined)) return [];
  const because = { reason: stop.message, where: stop.node };
  return [
    { obstacle: ways.some(({ isOpen }) => isOpen) ? "input gradient" : "gradient", ...because },
    ...(hasGradients(graph, sources) ? [] : [{ obstacle: "neuron gradient", ...because } as const]),
  ];
}

function typeOf(model: LoadedModel, input: string): string | undefined {
  return model.description.inputs.find(({ name }) => name === input)?.type;
}

function headLimits(model: LoadedModel): Limit[] {
  const { graph } = model.model;
  // What quantised operators are in real numbers, a run shows.
  if (isQuantised(graph)) return [];
  const dims = shapesOf(model);
  const heads = scoresOf(model)?.map((score) => findPooledHead(graph, (value) => dims.get(value), score));
  const first = heads?.[0];
  if (first === undefined || !("reason" in first) || !heads?.every((head) => head && "reason" in head)) return [];
  return [{ obstacle: "pooled head", reason: noHeadText(first), ...(first.where ? { where: first.where } : {}) }];
}

/** A layer with channels and places has three axes or more. */
function layerLimits(model: LoadedModel, choices: readonly InputChoice[]): Limit[] {
  const { graph } = model.model;
  const dims = shapesOf(model);
  const types = inferTypes(graph);
  // What is looked up for tokens is the input of what runs, and no layer.
  const sources = choices.flatMap(({ name, lookups }) =>
    lookups.length > 0 ? lookups.map(({ value }) => value) : [name],
  );
  const computed = reachedFrom(sources, graph.nodes, () => true);
  for (const source of sources) computed.delete(source);
  const quantised = isQuantised(graph);
  const mayHavePlaces = (value: string): boolean =>
    value !== "" && (quantised || isFloat(types.get(value) ?? "float32")) && (dims.get(value)?.length ?? Infinity) > 2;
  return [...computed].some(mayHavePlaces) ? [] : [{ obstacle: "spatial layer", reason: NO_SPATIAL_LAYER }];
}

function isQuantised({ nodes }: Graph): boolean {
  return nodes.some((node) => hasTrait(node, "quantised"));
}

const shapes = new WeakMap<LoadedModel, ReturnType<typeof inferShapes>>();

function shapesOf(model: LoadedModel): ReturnType<typeof inferShapes> {
  let found = shapes.get(model);
  if (!found) shapes.set(model, (found = inferShapes(model.model)));
  return found;
}
