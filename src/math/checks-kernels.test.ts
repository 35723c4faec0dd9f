/** The numbers behind the checks of explanations, against SciPy, scikit-image and Quantus, or by hand. */
import { describe, expect, it } from "vitest";
import { blur, RISE_KERNEL } from "./blur.ts";
import { gini, lorenz } from "./gini.ts";
import { impute } from "./impute.ts";
import { Random } from "./random.ts";
import { ascending, descending, ranks, spearman } from "./rank.ts";
import { resizeLinear } from "./resize-linear.ts";
import { ssim } from "./ssim.ts";

/** The maps that the references below were made of: sin and cos of the index. */
const sines = (count: number, step: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(step * i));

describe("ranks", () => {
  it("share places among equal values, as SciPy's do", () => {
    expect([...ranks([3, 1, 3, 2, 3])]).toEqual([4, 1, 4, 2, 4]);
    expect([...ascending([2, 1, 2, 0])]).toEqual([3, 1, 0, 2]);
    expect([...descending([2, 1, 2, 0])]).toEqual([0, 2, 1, 3]);
  });

  // scipy.stats.spearmanr
  it("correlate as SciPy says", () => {
    expect(spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 12);
    expect(spearman(sines(60, 0.7), sines(60, 1.1))).toBeCloseTo(-0.0449569324812448, 10);
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
  });
});

describe("structural similarity", () => {
  // skimage.metrics.structural_similarity with data_range = max − min of both
  it("is scikit-image's", () => {
    expect(ssim(sines(12 * 10, 0.7), sines(12 * 10, 0.71), 12, 10)).toBeCloseTo(0.4961717813825856, 10);
    expect(ssim(sines(49, 0.7), sines(49, 1.1), 7, 7)).toBeCloseTo(0.032670183658407466, 10);
  });

  it("is one for equal maps, and takes smaller windows on smaller maps", () => {
    expect(ssim(sines(36, 1), sines(36, 1), 6, 6)).toBeCloseTo(1, 12);
    expect(ssim(sines(36, 0.7), sines(36, 1.1), 6, 6)).toBeCloseTo(-0.03642924307723314, 10);
    expect(ssim([1, 2], [2, 1], 1, 2)).toBeNaN();
    expect(ssim([1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1], 3, 3)).toBeNaN();
  });
});

describe("sparseness", () => {
  it("is near zero where all are equal and near one where one holds all", () => {
    expect(gini(new Array(100).fill(-3))).toBeCloseTo(0, 6);
    expect(gini([0, 0, 0, 0, 0, 0, 0, 0, 0, 7])).toBeCloseTo(0.9, 5);
    // By hand: 0, 1, 3 sorted; Σ (2i − n − 1)·x / (n Σx) = (0·1 + 2·3) / (3·4).
    expect(gini([1, 0, -3])).toBeCloseTo(0.5, 6);
  });

  it("is twice the area between the Lorenz curve and the diagonal", () => {
    const values = sines(500, 0.37);
    const { x, y } = lorenz(values, 500);
    let area = 0;
    for (let i = 1; i < x.length; i++) area += ((x[i] - x[i - 1]) * (y[i] + y[i - 1])) / 2;
    expect(1 - 2 * area).toBeCloseTo(gini(values), 5);
    expect([x[0], y[0], x[500]]).toEqual([0, 0, 1]);
    expect(y[500]).toBeCloseTo(1, 6);
  });
});

describe("RISE's blur", () => {
  it("has the square root of the diagonal of RISE's gkern(11, 5) as its kernel", () => {
    // numpy.sqrt(numpy.diag(gkern)), scipy.ndimage.gaussian_filter
    const expected = [0.08795815, 0.08889612, 0.0904742, 0.09219112, 0.09348939, 0.09398206];
    expected.forEach((value, i) => {
      expect(RISE_KERNEL[i]).toBeCloseTo(value, 7);
      expect(RISE_KERNEL[10 - i]).toBeCloseTo(value, 7);
    });
  });

  it("keeps the sum of what lies far from the edges, and lets the edges fall to zero", () => {
    const picture = new Float32Array(30 * 40);
    picture[15 * 40 + 20] = 2;
    const blurred = blur(picture, 30, 40);
    expect(blurred.reduce((a, b) => a + b, 0)).toBeCloseTo(2, 5);
    expect(blurred[15 * 40 + 20]).toBeCloseTo(2 * RISE_KERNEL[5] ** 2, 7);
    expect(blurred[12 * 40 + 18]).toBeCloseTo(2 * RISE_KERNEL[2] * RISE_KERNEL[3], 7);
    expect(blur(new Float32Array(1200).fill(1), 30, 40)[0]).toBeCloseTo(
      RISE_KERNEL.slice(5).reduce((a, b) => a + b, 0) ** 2,
      6,
    );
  });
});

describe("linear imputation", () => {
  it("makes every removed place the weighted mean of its neighbours in the picture", () => {
    const [height, width] = [40, 33];
    const random = new Random(1);
    const plane = Float32Array.from({ length: height * width }, () => random.normal());
    // A large hole, its edge at the picture's corner, and scattered places.
    const removed = Uint32Array.from({ length: height * width }, (_, i) => i).filter(
      (i) => (Math.floor(i / width) < 25 && i % width < 20) || random.uniform() < 0.3,
    );
    const [filled] = impute([plane], height, width, removed);
    const out = new Set(removed);
    for (let i = 0; i < plane.length; i++) if (!out.has(i)) expect(filled[i]).toBe(plane[i]);
    for (const place of removed) {
      let [sum, weights] = [0, 0];
      for (let down = -1; down <= 1; down++) {
        for (let right = -1; right <= 1; right++) {
          const [y, x] = [Math.floor(place / width) + down, (place % width) + right];
          if ((down === 0 && right === 0) || y < 0 || x < 0 || y >= height || x >= width) continue;
          const weight = down === 0 || right === 0 ? 1 / 6 : 1 / 12;
          sum += weight * filled[y * width + x];
          weights += weight;
        }
      }
      expect(Math.abs(filled[place] - sum / weights)).toBeLessThan(1e-5);
    }
  });

  it("gives a constant picture back whatever is removed, and finds the same from another guess", () => {
    const plane = new Float32Array(20 * 20).fill(4);
    const removed = Uint32Array.from({ length: 399 }, (_, i) => i);
    const [filled] = impute([plane], 20, 20, removed, [new Float32Array(400)]);
    for (const value of filled) expect(value).toBeCloseTo(4, 4);
    expect(() =>
      impute(
        [plane],
        20,
        20,
        Uint32Array.from({ length: 400 }, (_, i) => i),
      ),
    ).toThrow(/Nothing is left/);
  });
});

describe("linear resizing", () => {
  // torch.nn.functional.interpolate(torch.tensor([[1., 2.], [4., 8.]])[None, None], (3, 4), mode="bilinear")
  it("is PyTorch's without aligned corners", () => {
    expect(
      [...resizeLinear(Float32Array.of(1, 2, 4, 8), [2, 2], [3, 4])].map((value) => Number(value.toFixed(4))),
    ).toEqual([1, 1.25, 1.75, 2, 2.5, 3.125, 4.375, 5, 4, 5, 7, 8]);
  });
});
