import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { onnxFile } from "../../../../test/reference/onnx-files/index.ts";
import { liftConstants } from "../../constants.ts";
import { describe as describeModel, layerDetails } from "../../describe.ts";
import { ModelError } from "../../errors.ts";
import { inlineFunctions } from "../../inline.ts";
import { headOf } from "../../model-file.ts";
import { otherFile } from "../../other-files.ts";
import { readModel } from "./read.ts";
import { MemorySource } from "../../../../test/support/memory-source.ts";
import { writeModel } from "./writer.ts";

/** A small generator of random numbers (mulberry32), so that every failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A few changes of the kinds that find bugs: bits, interesting bytes, pieces cut out, doubled or moved. */
function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  let out = Uint8Array.from(bytes);
  const at = (): number => Math.floor(next() * out.length);
  for (let changes = 1 + Math.floor(next() * 4); changes > 0; changes--) {
    switch (Math.floor(next() * 6)) {
      case 0:
        out[at()] ^= 1 << Math.floor(next() * 8);
        break;
      case 1:
        out[at()] = [0, 1, 0x7f, 0x80, 0xff, 0xfe][Math.floor(next() * 6)];
        break;
      case 2:
        out = out.slice(0, at());
        break;
      case 3:
        out.copyWithin(at(), at(), at());
        break;
      case 4:
        out.fill(0xff, at(), at());
        break;
      default: {
        const [from, to] = [at(), at()].sort((a, b) => a - b);
        const doubled = new Uint8Array(out.length + to - from);
        doubled.set(out.subarray(0, to));
        doubled.set(out.subarray(from), to);
        out = doubled;
      }
    }
    if (out.length === 0) return out;
  }
  return out;
}

/** Everything that is done with a model before it runs; what it throws must be for people. */
function useAll(bytes: Uint8Array): "refused" | "used" {
  const source = new MemorySource(bytes);
  const bytesOf = (): Uint8Array => new Uint8Array(0);
  const steps = [
    () => otherFile(headOf(bytes.subarray(0, 4096), "m.onnx")),
    () => {
      const model = readModel(source, (location) => ({ problem: `there is no ${location}` }));
      const open = { path: "m.onnx", model, size: { file: bytes.length, external: 0 }, stamp: "" };
      const { layers } = describeModel(open);
      layers.forEach((layer) => layerDetails(open, layer.index));
      const lifted = liftConstants(model.graph);
      for (const step of [() => writeModel({ ...model, graph: lifted }, { bytesOf }), () => inlineFunctions(model)])
        tolerate(step);
    },
  ];
  return steps.every(tolerate) ? "used" : "refused";
}

function tolerate(step: () => unknown): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (error instanceof ModelError) return false;
    throw error;
  }
}

test.each([
  ["attributes", 2000],
  ["subgraphs", 2000],
  ["functions", 2000],
  ["types", 500],
  ["shapes", 500],
])(
  "mutations of %s.onnx (%d of them) are read or refused, never a crash or a hang",
  (name, count) => {
    const bytes = readFileSync(onnxFile(`${name}.onnx`));
    const outcomes = { used: 0, refused: 0 };
    for (let seed = 0; seed < count; seed++) {
      const mutated = mutate(bytes, random(seed));
      const start = performance.now();
      try {
        outcomes[useAll(mutated)]++;
      } catch (error) {
        throw new Error(`seed ${seed} of ${name}.onnx`, { cause: error });
      }
      expect(performance.now() - start, `seed ${seed} took too long`).toBeLessThan(60_000);
    }
    // Both happen, or the mutations would show nothing.
    expect(outcomes.used).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(20);
  },
  120_000,
);
