// What is disabled before a run and what a run refuses are the same.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rulesOut, whyNot, type Limit, type Obstacle } from "../../protocol/obstacles.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { loadAgreementCases, networkOf } from "../../../test/support/agreement.ts";
import { LIMIT_CASES, writeInput } from "../../../test/support/limit-cases.ts";
import { runOn } from "../../../test/support/models.ts";
import { techniques } from "../index.ts";
import { limitsOf } from "./limits.ts";

const folder = mkdtempSync(join(tmpdir(), "loupe-limits-"));
const models = new ModelCache();
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const methods = techniques.map(({ info }) => info).filter(({ group }) => group !== "checks");
const FEWER: Readonly<Record<string, number>> = { steps: 4, masks: 20, evaluations: 20 };
/** As a run says it: its error knows the operator, not which methods could begin behind it. */
const SAID: Partial<Record<Obstacle, Obstacle>> = { "input gradient": "gradient", "neuron gradient": "gradient" };

describe.each(LIMIT_CASES)("$name", (one) => {
  const { limits, found = [], output } = one;
  let [model, input]: string[] = [];
  let known: readonly Limit[];
  beforeAll(async () => {
    [model, input] = [one.model(folder), writeInput(folder, one)];
    known = await models.use(model, (loaded) => limitsOf(loaded));
  });

  it("rules out what can be known without running it", () => {
    expect(known.map(({ obstacle }) => obstacle)).toEqual(limits);
    for (const { reason } of known) expect(reason).toMatch(/^[A-Z].*\.$/s);
  });

  it.each(methods.map((info) => [info.id, info] as const))(
    "%s is disabled exactly where a run refuses it for that",
    async (id, info) => {
      const params = Object.fromEntries(
        info.params.flatMap(({ name }) => (name in FEWER ? [[name, FEWER[name]]] : [])),
      );
      const target = info.needs.target ? { target: { index: [0], ...(output ? { output } : {}) } } : {};
      const error = await runOn(models, model, input, id, { params, ...target }).then(
        () => undefined,
        (failure: Error & { obstacles?: readonly Obstacle[] }) => failure,
      );
      const limit = known.find(({ obstacle }) => rulesOut(obstacle, info));
      expect(whyNot(info, { limits: known })).toBe(limit?.reason);
      if (!limit) {
        const refused = (error?.obstacles ?? []).filter((obstacle) => !found.includes(obstacle));
        expect(refused, error?.message).toEqual([]);
        return;
      }
      expect(error).toBeDefined();
      const obstacle = SAID[limit.obstacle] ?? limit.obstacle;
      if (error?.obstacles) expect(error.obstacles).toContain(obstacle);
      // Relevance propagation has a sentence of its own.
      if (error?.obstacles && !id.endsWith("lrp")) expect(error.message).toContain(limit.reason.replace(/\.$/, ""));
    },
  );
});

it("a check takes whatever method works: only a model that does not run stops it", () => {
  const [check] = techniques.map(({ info }) => info).filter(({ group }) => group === "checks");
  const all = (obstacle: Obstacle) => whyNot(check, { limits: [{ obstacle, reason: "Because." }] });
  expect(all("spatial layer")).toBeUndefined();
  expect(all("gradient")).toBeUndefined();
  expect(all("run")).toBe("Because.");
});

it("a model on which all works has no limits", async () => {
  expect(await models.use(resolve("samples/efficientnet-lite0.onnx"), (loaded) => limitsOf(loaded))).toEqual([]);
});

it("what agrees with a reference for some network is never disabled for it", async () => {
  const known = new Map<string, readonly Limit[]>();
  for (const one of loadAgreementCases()) {
    const subject = `${one.network} ${one.exporter ?? ""}`;
    if (!known.has(subject)) {
      const { model } = await networkOf(one, mkdtempSync(join(folder, "network-")));
      known.set(subject, await models.use(model, (loaded) => limitsOf(loaded)));
    }
    const { info } = techniques.find(({ info: { id } }) => id === one.technique)!;
    expect(whyNot(info, { limits: known.get(subject)! }), `${one.technique} of ${subject}`).toBeUndefined();
  }
  expect(known.size).toBeGreaterThan(20);
}, 120_000);

it.each(["quantised-layers/model", "parameters/conv-qdq", "parameters/conv-qlinear", "fused/qdq"])(
  "quantised numbers have gradients and places as a run finds them: %s",
  async (name) => {
    expect(await models.use(resolve(`test/reference/${name}.onnx`), (loaded) => limitsOf(loaded))).toEqual([]);
  },
);

it("where nothing is known, everything is offered", () => {
  for (const info of methods) expect(whyNot(info, {})).toBeUndefined();
});
