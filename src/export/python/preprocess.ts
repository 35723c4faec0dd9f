import { isArrayName } from "../../protocol/file-types.ts";
import type { ImageRecipe, InputRecipe, Interpolation, Recipe, RowRecipe } from "../../protocol/recipe.ts";
import { resizedSide } from "../../data/geometry.ts";
import { list, text } from "./text.ts";

const FILTERS: Readonly<Record<Interpolation, string>> = {
  nearest: "NEAREST",
  bilinear: "BILINEAR",
  bicubic: "BICUBIC",
  lanczos: "LANCZOS",
  box: "BOX",
};

/** A function load(path) that makes a batch of one of a file, as the recipe does: its imports and its lines. */
export function loader(
  recipe: unknown,
  inputName: string,
): { readonly imports: readonly string[]; readonly lines: readonly string[]; readonly packages: readonly string[] } {
  const inputs = Object.values((recipe as Recipe | undefined)?.inputs ?? {});
  const asArray = isArrayName(inputName);
  const own: InputRecipe = (asArray ? undefined : inputs[0]) ?? { kind: "array" };
  switch (own.kind) {
    case "image":
      return { packages: ["pillow"], imports: ["from PIL import Image"], lines: image(own) };
    case "row":
      return { packages: [], imports: ["import csv"], lines: row(own) };
    case "text":
      return {
        packages: ["tokenizers"],
        imports: ["from tokenizers import Tokenizer"],
        lines: [
          "def load(text):",
          `    encoded = Tokenizer.from_file(${text(own.tokenizer)}).encode(text)`,
          `    return torch.tensor([encoded.ids[:${own.maxLength}]])`,
        ],
      };
    case "array":
      return {
        packages: [],
        imports: [],
        lines: [
          "def load(path):",
          "    return torch.from_numpy(np.load(path)).float()  # the tensor itself, with its batch axis",
        ],
      };
  }
}

function image(recipe: ImageRecipe): string[] {
  const [height, width] = recipe.size;
  const mode = recipe.channels === "gray" ? "L" : "RGB";
  const filter = `Image.${FILTERS[recipe.interpolation]}`;
  const cropped = [
    `    left, top = (image.width - ${width}) // 2, (image.height - ${height}) // 2`,
    `    inner = image.crop((max(0, left), max(0, top), min(image.width, left + ${width}), min(image.height, top + ${height})))`,
    `    image = Image.new("RGB", (${width}, ${height}), (${recipe.fill}, ${recipe.fill}, ${recipe.fill}))`,
    "    image.paste(inner, (max(0, -left), max(0, -top)))",
  ];
  const fit = {
    stretch: [`    image = image.resize((${width}, ${height}), ${filter})`],
    "center-crop": [
      `    scale = min(image.width / ${width}, image.height / ${height}) * ${recipe.cropFraction}`,
      `    crop = round(${width} * scale), round(${height} * scale)`,
      "    left, top = (image.width - crop[0]) // 2, (image.height - crop[1]) // 2",
      `    image = image.crop((left, top, left + crop[0], top + crop[1])).resize((${width}, ${height}), ${filter})`,
    ],
    "resize-crop": [
      `    shorter, least = ${resizedSide(Math.min(width, height), recipe)}, min(image.size)`,
      `    image = image.resize(tuple(shorter if side == least else shorter * side // least for side in image.size), ${filter})`,
      ...cropped,
    ],
    "stretch-crop": [
      `    image = image.resize((${resizedSide(width, recipe)}, ${resizedSide(height, recipe)}), ${filter})`,
      ...cropped,
    ],
    pad: [
      `    scale = min(${width} / image.width, ${height} / image.height)`,
      `    inner = image.resize((round(image.width * scale), round(image.height * scale)), ${filter})`,
      `    image = Image.new("RGB", (${width}, ${height}), (${recipe.fill}, ${recipe.fill}, ${recipe.fill}))`,
      `    image.paste(inner, ((${width} - inner.width) // 2, (${height} - inner.height) // 2))`,
    ],
  }[recipe.fit];
  return [
    "def load(path):",
    '    image = Image.open(path).convert("RGB")',
    ...fit,
    ...(mode === "L"
      ? ['    values = np.asarray(image.convert("L"), dtype=np.float32)[..., None]']
      : ["    values = np.asarray(image, dtype=np.float32)"]),
    ...(recipe.channels === "bgr" ? ["    values = values[..., ::-1]"] : []),
    `    values = (values * ${recipe.scale} - np.array(${list(recipe.mean)})) / np.array(${list(recipe.std)})`,
    `    return torch.from_numpy(np.ascontiguousarray(${recipe.layout === "nchw" ? "values.transpose(2, 0, 1)" : "values"}[None], dtype=np.float32))`,
  ];
}

function row({ columns, mean, std }: RowRecipe): string[] {
  return [
    "def load(path):  # FILE.csv#ROW, rows counted from 0",
    '    file, _, index = path.partition("#")',
    '    with open(file, newline="") as lines:',
    "        row = list(csv.DictReader(lines))[int(index or 0)]",
    `    values = np.array([float(row[name]) for name in ${columns ? `[${columns.map(text).join(", ")}]` : "row"}])`,
    ...(mean ? [`    values = values - np.array(${list(mean)})`] : []),
    ...(std ? [`    values = values / np.array(${list(std)})`] : []),
    "    return torch.from_numpy(values[None]).float()",
  ];
}
