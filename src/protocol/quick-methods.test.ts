import { describe, expect, it } from "vitest";
import { catalogue } from "../techniques/catalogue.ts";
import { QUICK_PLACES, readQuickMethods, withPinToggled, withUsed } from "./quick-methods.ts";

const first = readQuickMethods(undefined, catalogue);

describe("quick methods", () => {
  it("begin with five of different families, none of them a check", () => {
    expect(first.places).toEqual(["predictions", "feature-maps", "saliency", "integrated-gradients", "grad-cam"]);
    expect(first.pinned).toEqual([]);
    expect(first.recent).toEqual([]);
  });

  it("stay in their places when one of them is used", () => {
    const used = withUsed(withUsed(first, "grad-cam"), "saliency");
    expect(used.places).toEqual(first.places);
    expect(used.recent).toEqual(["saliency", "grad-cam"]);
  });

  it("another takes the place of the one used longest ago, and no other moves", () => {
    let now = first;
    for (const id of ["predictions", "grad-cam", "saliency", "feature-maps", "integrated-gradients"])
      now = withUsed(now, id);
    now = withUsed(now, "lrp");
    expect(now.places).toEqual(["lrp", "feature-maps", "saliency", "integrated-gradients", "grad-cam"]);
    expect(withUsed(now, "rise").places).toEqual(["lrp", "feature-maps", "saliency", "integrated-gradients", "rise"]);
  });

  it("pinned ones stay; where all are pinned, a method that is used gets no place", () => {
    let now = first;
    for (const id of first.places.slice(0, 4)) now = withPinToggled(now, id);
    expect(withUsed(now, "lrp").places).toEqual([...first.places.slice(0, 4), "lrp"]);
    now = withPinToggled(now, "rise");
    expect(now.places).toEqual([...first.places.slice(0, 4), "rise"]);
    expect(now.pinned).toHaveLength(QUICK_PLACES);
    expect(withUsed(now, "lrp")).toMatchObject({ places: now.places, recent: ["lrp"] });
    expect(withPinToggled(now, "lrp")).toEqual(now);
    expect(withPinToggled(now, "rise").pinned).toEqual(first.places.slice(0, 4));
  });

  it("are read from anything that was kept: the unknown, checks and repetitions are left out, free places filled", () => {
    const read = (kept: unknown) => readQuickMethods(kept, catalogue);
    expect(
      read({ places: ["road", "lrp", "lrp", "gone", 7], pinned: ["lrp", "rise"], recent: ["rise", null] }),
    ).toEqual({
      places: ["lrp", "predictions", "feature-maps", "saliency", "integrated-gradients"],
      pinned: ["lrp"],
      recent: ["rise"],
    });
    for (const kept of [null, 3, "x", [], { places: "lrp", pinned: {}, recent: 1 }]) expect(read(kept)).toEqual(first);
    expect(read(JSON.parse(JSON.stringify(first)))).toEqual(first);
  });
});
