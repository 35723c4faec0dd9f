import { describe, expect, it } from "vitest";
import { COLOR_MAPS, DEFAULT_LOOKS, readLooks } from "./looks.ts";

describe("display options that were kept", () => {
  it("come back as they were", () => {
    const looks = {
      ...DEFAULT_LOOKS,
      colorMap: "magma",
      clip: 50,
      opacity: 0,
      reduce: "l2",
      channel: 0,
      frame: 7,
    } as const;
    expect(readLooks(JSON.parse(JSON.stringify(looks)))).toEqual(looks);
    for (const colorMap of ["auto", ...COLOR_MAPS]) expect(readLooks({ colorMap }).colorMap).toBe(colorMap);
  });

  it("are the defaults where they make no sense, each by itself", () => {
    for (const nothing of [undefined, null, 7, "looks", []]) expect(readLooks(nothing)).toEqual(DEFAULT_LOOKS);
    expect(
      readLooks({
        arrangement: "upside-down",
        opacity: 1.01,
        colorMap: ["auto"],
        clip: 49,
        reduce: "overlay",
        tileSort: 0,
        tileScale: "shared",
        channel: -1,
        frame: 0.5,
        more: true,
      }),
    ).toEqual({ ...DEFAULT_LOOKS, tileScale: "shared" });
    expect(readLooks({ opacity: NaN, clip: "99" })).toEqual(DEFAULT_LOOKS);
  });
});
