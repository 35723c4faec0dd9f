import { describe, expect, it } from "vitest";
import { lrp } from "./lrp.ts";
import { visibleParams } from "../../../webview/explain/state.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";

const { run } = referenceNetworks();

describe("layer-wise relevance propagation says", () => {
  const notes = async (network: string, rule: string): Promise<string> =>
    (await run(network, "lrp", { params: { rule } })).notes.join(" ");

  it("which BatchNormalizations follow no weights, and nothing of those that do", async () => {
    expect(await notes("densenet-small", "epsilon")).toMatch(
      /\d+ BatchNormalizations follow no weights to be merged into/,
    );
    expect(await notes("vgg-bn", "epsilon")).not.toContain("BatchNormalization");
  });

  it("how attention was treated", async () => {
    expect(await notes("vision-transformer", "epsilon")).toContain("AttnLRP");
    expect(await notes("vgg", "epsilon")).not.toContain("AttnLRP");
  });
});

describe("the form", () => {
  const shown = (rule: string): string[] =>
    visibleParams(lrp.info, { rule })
      .map(({ name }) => name)
      .filter((name) => !["rule", "score", "samples"].includes(name));

  it("shows the options that the chosen rule has", () => {
    expect(shown("epsilon")).toEqual(["epsilon"]);
    expect(shown("alpha_beta")).toEqual(["alpha", "beta"]);
    expect(shown("zplus")).toEqual([]);
    expect(shown("epsilon_gamma_box")).toEqual(["epsilon", "gamma", "low", "high"]);
  });
});
