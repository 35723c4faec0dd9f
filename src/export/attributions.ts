import { range, type Builder } from "../autodiff/builder.ts";
import { deconvolutionRules, guidedRules, type NamedRules } from "../autodiff/rules/gradient/modified.ts";
import { elementCount } from "../model/graph.ts";
import type { Layout } from "../runtime/layout.ts";
import { quadrature, type QuadratureRule } from "../math/quadrature.ts";
import type { Params } from "../protocol/technique.ts";
import { pathIntegral } from "./path-integral.ts";

/** What an attribution is made of in a graph: names of values, and what emits more of them. */
export interface Explained {
  readonly g: Builder;
  readonly params: Params;
  /** The value that is explained: the model's input as float32, or its token vectors. */
  readonly input: string;
  /** What stands for a missing input: a value that broadcasts to the input's shape. */
  baseline(): string;
  /** The layer of a class activation map. */
  readonly layer?: { readonly value: string; readonly layout: Layout & { readonly channel: number } };
  /** Emits the score's gradient by a value, in its shape. */
  gradient(of: string, rules?: NamedRules): string;
  /** Emits the score's gradient by the input at another point. */
  gradientAt(point: string): string;
}

/**
 * Emits a technique's attribution and gives its name: what src/techniques computes of one sample, for a batch, in
 * nodes.
 */
export type InGraph = (e: Explained) => string;

const overInput =
  (attribution: (e: Explained, gradient: string) => string): InGraph =>
  (e) =>
    attribution(e, e.gradient(e.input));

/**
 * ReLU (where asked for) of Σ over channels of `channels(A, ∂y/∂A)`: [N, ...space], tokens laid out as the grid they
 * are.
 */
const overLayer =
  (channels: (e: Explained, a: string, gradient: string, spatial: readonly number[]) => string): InGraph =>
  (e) => {
    const { g } = e;
    const {
      value,
      layout: { channel, spatial, tokens },
    } = e.layer!;
    // Class and register tokens are no place of the picture.
    const places = (of: string): string =>
      tokens ? g.slice(of, spatial[0], tokens.before, tokens.before + elementCount(tokens.grid)) : of;
    const summed = g.sum(channels(e, places(value), places(e.gradient(value)), spatial), [channel], false);
    const left = range(0, g.shape(value).length).filter((axis) => axis !== channel);
    const ordered = g.transpose(
      summed,
      [0, ...spatial].map((axis) => left.indexOf(axis)),
    );
    const map = tokens ? g.reshape(ordered, [g.shape(ordered)[0], ...tokens.grid]) : ordered;
    return e.params.relu === true ? g.unary("Relu", map) : map;
  };

/** Techniques that can be written into a graph, by id. */
export const attributions: Readonly<Record<string, InGraph>> = {
  saliency: overInput(({ g, params }, gradient) => (params.absolute === true ? g.unary("Abs", gradient) : gradient)),
  "input-x-gradient": overInput(({ g, input }, gradient) => g.times(input, gradient)),
  "integrated-gradients": ({ g, params, input, baseline, gradientAt }) =>
    pathIntegral(g, {
      value: input,
      baseline: baseline(),
      quadrature: quadrature(params.rule as QuadratureRule, Number(params.steps)),
      gradientAt,
    }),
  "guided-backprop": (e) => e.gradient(e.input, guidedRules),
  deconvolution: (e) => e.gradient(e.input, deconvolutionRules),
  "grad-cam": overLayer(({ g }, a, gradient, spatial) => g.times(g.mean(gradient, spatial), a)),
  "grad-cam++": overLayer(({ g }, a, gradient, spatial) => {
    // Weights α·ReLU(g) with α = g² / (2g² + g³·ΣA + ε): only where g is positive, so that its positive part stands for
    // it throughout.
    const positive = double(g, g.unary("Relu", gradient));
    const square = g.times(positive, positive);
    const cube = g.times(square, positive);
    const total = g.sum(double(g, a), spatial);
    const below = g.plus(g.plus(g.plus(square, square), g.times(total, cube)), doubleScalar(g, 1e-6));
    return g.times(single(g, g.sum(g.times(positive, g.over(square, below)), spatial)), a);
  }),
  "hires-cam": overLayer(({ g }, a, gradient) => g.times(gradient, a)),
  "x-grad-cam": overLayer(({ g }, a, gradient, spatial) => {
    const wide = double(g, a);
    const below = g.plus(g.sum(wide, spatial), doubleScalar(g, 1e-7));
    return g.times(single(g, g.over(g.sum(g.times(double(g, gradient), wide), spatial), below)), a);
  }),
  "layer-cam": overLayer(({ g }, a, gradient) => g.times(g.unary("Relu", gradient), a)),
  "grad-cam-elementwise": overLayer(({ g }, a, gradient) => g.unary("Relu", g.times(gradient, a))),
};

// Weights that divide by sums that may nearly cancel are computed in float64, as techniques do.
function double(g: Builder, value: string): string {
  return g.op("Cast", [value], g.shape(value), { to: 11 });
}

function single(g: Builder, value: string): string {
  return g.op("Cast", [value], g.shape(value), { to: 1 });
}

function doubleScalar(g: Builder, value: number): string {
  return g.constant("float64", [], new Uint8Array(Float64Array.of(value).buffer));
}
