import { elementCount } from "../../../model/graph.ts";
import { range } from "../../builder.ts";
import { expanding, type RuleContext, type RuleTable } from "../../rule.ts";

/** Losses over integer targets (ai.onnx 12 and 13). */
export const lossRules: RuleTable = {
  NegativeLogLikelihoodLoss: expanding((r) => [negativeLogLikelihood(r, r.x(0))]),
  SoftmaxCrossEntropyLoss: expanding((r) => {
    const log = r.g.op("LogSoftmax", [r.x(0)], r.dims(0), { axis: 1 });
    return [negativeLogLikelihood(r, log), log];
  }),
};

/** −w[t]·x[n, t, …] for x [N, C, …] and targets t [N, …], summed, or divided by the sum of the weights taken (mean). */
function negativeLogLikelihood(r: RuleContext, x: string): string {
  const { g } = r;
  const [batch, classes, ...rest] = r.dims(0);
  const places = elementCount(rest);
  const ignore = r.node.attributes.ignore_index ? r.int("ignore_index", 0) : undefined;
  const target = g.op("Cast", [g.reshape(r.x(1), [batch, 1, places])], [batch, 1, places], { to: 7 });
  const counts =
    ignore === undefined
      ? undefined
      : g.op("Not", [g.binary("Equal", target, g.intTensor([ignore], []))], [batch, 1, places]);
  const index = counts === undefined ? target : g.where(counts, target, g.intTensor([0], []));
  const taken = g.op("GatherElements", [g.reshape(x, [batch, classes, places]), index], [batch, 1, places], {
    axis: 1,
  });
  let weight = r.has(2)
    ? g.op("Gather", [r.x(2), index], [batch, 1, places], { axis: 0 })
    : g.expand(g.scalar(1), [batch, 1, places]);
  if (counts !== undefined) weight = g.where(counts, weight, g.scalar(0));
  const loss = g.scale(g.times(taken, weight), -1);
  const reduction = r.string("reduction", "mean");
  if (reduction === "none") return g.reshape(loss, r.outDims(0));
  const total = g.sum(loss, range(0, 3), false);
  return reduction === "sum" ? total : g.over(total, g.sum(weight, range(0, 3), false));
}
