import { describe, expect, it } from "vitest";
import { neighbour } from "./step-input.ts";

describe("the next input", () => {
  const names = ["cat10.png", "cat2.png", "Cat1.JPG", "notes.txt", "table.csv", "x.npy", "model.onnx", "bird.webp"];

  it("is the next file of the same kind, numbers in names counted", () => {
    expect(neighbour(names, "bird.webp", 1)).toBe("Cat1.JPG");
    expect(neighbour(names, "Cat1.JPG", 1)).toBe("cat2.png");
    expect(neighbour(names, "cat2.png", 1)).toBe("cat10.png");
    expect(neighbour(names, "cat10.png", -1)).toBe("cat2.png");
  });

  it("is none at the ends, and none of another kind", () => {
    expect(neighbour(names, "cat10.png", 1)).toBeUndefined();
    expect(neighbour(names, "bird.webp", -1)).toBeUndefined();
    expect(neighbour(names, "notes.txt", 1)).toBeUndefined();
  });

  it("of a sample is a sample, and no other .json file", () => {
    const files = ["a.json", "a.sample.json", "b.loupe.json", "c.sample.json"];
    expect(neighbour(files, "a.sample.json", 1)).toBe("c.sample.json");
    expect(neighbour(files, "a.sample.json", -1)).toBeUndefined();
    expect(neighbour(files, "a.json", 1)).toBeUndefined();
  });

  it("is known from where a file was that is gone", () => {
    expect(neighbour(names, "cat5.png", 1)).toBe("cat10.png");
    expect(neighbour(names, "cat5.png", -1)).toBe("cat2.png");
    expect(neighbour([], "cat5.png", 1)).toBeUndefined();
  });
});
