import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { threadsFromEnvironment } from "../engine/handlers.ts";
import { DEFAULT_LOOKS, LOOK_CHOICES } from "../protocol/looks.ts";
import { catalogue } from "../techniques/catalogue.ts";
import { defaultMethod, startingOptions } from "./starting-options.ts";

interface Setting {
  readonly default: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly markdownDescription: string;
}

const { properties } = (
  JSON.parse(readFileSync("package.json", "utf8")) as {
    contributes: { configuration: { properties: Record<string, Setting> } };
  }
).contributes.configuration;

/** What a new panel begins with under these settings, and what was said of them. */
function startWith(
  settings: Readonly<Record<string, unknown>>,
): ReturnType<typeof startingOptions> & { said: string[] } {
  const said: string[] = [];
  return {
    ...startingOptions(
      (name) => settings[name],
      catalogue,
      (line) => said.push(line),
    ),
    said,
  };
}

describe("a new panel", () => {
  test("begins as without settings by what package.json has as their defaults", () => {
    const { looks, params, said } = startWith(
      Object.fromEntries(Object.entries(properties).map(([name, { default: value }]) => [name.slice(12), value])),
    );
    expect(looks).toEqual(DEFAULT_LOOKS);
    expect(params).toEqual({});
    expect(said).toEqual([]);
  });

  test.each([
    ["colorMap", "viridis", { colorMap: "viridis" }],
    ["arrangement", "overlay", { arrangement: "overlay" }],
    ["opacity", 0.25, { opacity: 0.25 }],
    ["clipping", 100, { clip: 100 }],
  ])("begins with the setting %s", (name, value, expected) => {
    expect(startWith({ [name]: value }).looks).toEqual({ ...DEFAULT_LOOKS, ...expected });
  });

  test.each([
    ["colorMap", "jet"],
    ["arrangement", 3],
    ["opacity", 1.5],
    ["clipping", "all"],
  ])("leaves out a setting %s that makes no sense, and says so", (name, value) => {
    const { looks, said } = startWith({ [name]: value });
    expect(looks).toEqual(DEFAULT_LOOKS);
    expect(said).toEqual([expect.stringContaining(`neuralLoupe.${name} cannot be ${JSON.stringify(value)}`)]);
  });

  test("averages over the setting's noisy copies with every gradient method that can, and only there", () => {
    const { params } = startWith({ noiseSamples: 20 });
    expect(params.saliency).toEqual({ samples: 20 });
    expect(params["grad-cam"]).toEqual({ samples: 20 });
    // Its samples are points between baselines and input.
    expect(params["expected-gradients"]).toBeUndefined();
    expect(params.rise).toBeUndefined();
  });

  test("draws as many masks as the setting has evaluations", () => {
    expect(startWith({ evaluations: 500 }).params).toEqual({ rise: { masks: 500 } });
    expect(startWith({ evaluations: 1.5 })).toMatchObject({
      params: {},
      said: [expect.stringMatching(/evaluations cannot be 1\.5; 4000 is used/)],
    });
  });
});

describe("the default method", () => {
  test("is a method of the catalogue, and no check", () => {
    expect(defaultMethod(() => "grad-cam", catalogue)?.title).toBe("Grad-CAM");
    for (const other of ["road", "nothing", 3, undefined])
      expect(defaultMethod(() => other, catalogue)).toBeUndefined();
    expect(properties["neuralLoupe.defaultMethod"].enum).toContain(properties["neuralLoupe.defaultMethod"].default);
  });
});

describe("the settings in package.json", () => {
  test("offer what panels offer", () => {
    expect(properties["neuralLoupe.colorMap"].enum).toEqual(LOOK_CHOICES.colorMap);
    expect(properties["neuralLoupe.arrangement"].enum).toEqual(LOOK_CHOICES.arrangement);
    for (const [name, look] of [
      ["opacity", "opacity"],
      ["clipping", "clip"],
    ] as const)
      for (const end of ["minimum", "maximum"] as const) {
        const value = properties[`neuralLoupe.${name}`][end];
        expect(startWith({ [name]: value }).looks[look]).toBe(value);
      }
  });

  test("are all described", () => {
    for (const { markdownDescription } of Object.values(properties)) expect(markdownDescription).toMatch(/\.$/);
  });
});

describe("the engine's threads", () => {
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    ["3", 3],
    ["0", undefined],
    ["", undefined],
    ["-1", undefined],
    ["2.5", undefined],
    ["many", undefined],
  ])("by the environment's %j", (text, threads) => {
    vi.stubEnv("NEURAL_LOUPE_THREADS", text);
    expect(threadsFromEnvironment()).toBe(threads);
  });
});
