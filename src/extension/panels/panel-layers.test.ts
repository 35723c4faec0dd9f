import { expect, it } from "vitest";
import { jobOf } from "../../protocol/panel-job.ts";
import { readPanelState } from "./state.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { catalogue } from "../../techniques/catalogue.ts";
import { sameJob } from "../../../webview/explain/state.ts";

const state = {
  model: "file:///m.onnx",
  input: "file:///cat.png",
  technique: "grad-cam",
  target: {},
  layer: "a",
  moreLayers: ["b", "c"],
  params: {},
  looks: DEFAULT_LOOKS,
};
const info = (id: string) => catalogue.find((one) => one.id === id)!;

it("further layers come back from a panel's state, where they are names and there is a first one", () => {
  expect(readPanelState(state, catalogue)).toMatchObject({ layer: "a", moreLayers: ["b", "c"] });
  for (const broken of [
    { ...state, layer: undefined },
    { ...state, moreLayers: "b" },
    { ...state, moreLayers: [] },
    { ...state, moreLayers: ["b", 3] },
  ])
    expect(readPanelState(broken, catalogue)).not.toHaveProperty("moreLayers");
});

it("are asked of methods that average them, and of no other", () => {
  const files = { model: "/m.onnx", samples: [{ "": "/cat.png" }] };
  const recipe = { version: 1 as const, inputs: {} };
  expect(jobOf(state, info("grad-cam"), files, recipe).layer).toEqual(["a", "b", "c"]);
  expect(jobOf({ ...state, moreLayers: undefined }, info("grad-cam"), files, recipe).layer).toBe("a");
  expect(jobOf(state, info("feature-maps"), files, recipe).layer).toBe("a");
  expect(jobOf(state, info("saliency"), files, recipe).layer).toBeUndefined();
});

it("make another question, where they count", () => {
  const fewer = { ...state, moreLayers: ["b"] };
  expect(sameJob(fewer, state, info("grad-cam"))).toBe(false);
  const one = (more: readonly string[]) => ({ ...state, technique: "feature-maps", moreLayers: more });
  expect(sameJob(one(["b"]), one(["b", "c"]), info("feature-maps"))).toBe(true);
});
