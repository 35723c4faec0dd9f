import { FAMILIES, type TechniqueInfo } from "../../src/protocol/technique.ts";
import type { AgreementCase } from "./agreement.ts";

/** What the numbers of each folder of test/reference come from. */
const SOURCES: Readonly<Record<string, string>> = {
  architectures: "PyTorch",
  attributions: "Captum",
  bert: "Captum",
  cams: "pytorch-grad-cam",
  deeplift: "Captum",
  "efficientnet-cat": "PyTorch",
  "full-grad": "pytorch-grad-cam",
  layers: "Captum",
  lrp: "zennit",
  perturbation: "Captum",
  trust: "Quantus, Captum",
};

/** Techniques whose numbers come from something else than the rest of their folder. */
const OWN_SOURCES: Readonly<Record<string, string>> = {
  "guided-gradcam": "Captum",
  "insertion-deletion": "Quantus, RISE (authors' code)",
  infidelity: "Captum",
  lrp: "zennit, Captum, LXT",
  predictions: "PyTorch, torchvision (boxes)",
  randomisation: "Quantus",
  rise: "RISE (authors' code)",
  road: "Quantus",
  sensitivity: "Captum",
  sparseness: "Quantus",
};

/** What is said of a family before its table. */
const ABOUT: Partial<Record<TechniqueInfo["group"], string>> = {
  checks: `How reliable an explanation is. In the panel they stand under the result, as *How reliable is this explanation?*; on the command line
each takes the method to check (\`--set method=saliency --set options="absolute=false"\`). Its numbers stand beside those of random maps
(\`random_maps\` of them, from \`random_seed\` on): independent normal values in the explanation's resolution, of its size, magnitudes where it has none below zero.

- Insertion & Deletion, ROAD: the random map decides the order in which pixels go. Infidelity: it predicts the same perturbations.
- Sparseness: its Gini index, √2 − 1 for many values. Neither direction is better.
- Max-Sensitivity: random maps that have nothing to do with each other, one for each input: √2, of magnitudes 0.85. A map that ignores the input has 0.
- Randomisation Check: a random map in the place of the randomised model's: about 0. A map that ignores the model has 1.

Without \`--out\` the numbers are printed as a table; \`--out FILE.json\` has them as \`artifacts[0].numbers\`, each with \`value\`, \`better\`
("higher" or "lower", where one is) and \`random: { values, mean, deviation }\`.

`,
};

/** docs/techniques.md: a table for each family of techniques. Throws for a technique without a reference. */
export function techniquesPage(techniques: readonly TechniqueInfo[], cases: readonly AgreementCase[]): string {
  const families = (Object.keys(FAMILIES) as TechniqueInfo["group"][]).map((family) => {
    const rows = techniques.filter(({ group }) => group === family).map((info) => row(info, cases));
    return `## ${FAMILIES[family]}\n\n${ABOUT[family] ?? ""}| technique | command line | what it shows | needs | reference | compared with |\n| --- | --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`;
  });
  return `# Techniques

Made from the catalogue of techniques by \`src/techniques/catalogue.test.ts\` (\`UPDATE_DOCS=1 npx vitest run src/techniques/catalogue.test.ts\`
writes it anew). Each is a command of the palette (*Neural Loupe: …*), a method of the panel, and a word of the command line:
\`neural-loupe TECHNIQUE --help\` explains its options.

*Compared with* names the implementations that the numbers are tested against, and on how many networks;
[agreement.md](agreement.md) has the differences for each network, [test/reference](../test/reference/README.md) the scripts that made the references.

${families.join("\n")}`;
}

function row(info: TechniqueInfo, cases: readonly AgreementCase[]): string {
  const cells = [info.title, `\`${info.id}\``, info.summary, needsOf(info), info.cite ?? "", comparedWith(info, cases)];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function needsOf({ needs, group }: TechniqueInfo): string {
  if (group === "checks") return "the method to check, and what it needs";
  const layer = { none: "", any: "a layer", spatial: "a layer with height and width" }[needs.layer];
  const input = { none: "the model alone", one: "an input", many: "a data set" }[needs.input];
  return [
    input,
    needs.target ? "a target" : "",
    layer,
    needs.pooledHead ? "global average pooling" : "",
    needs.gradient ? "gradients" : "",
  ]
    .filter((one) => one !== "")
    .join(", ");
}

function comparedWith({ id }: TechniqueInfo, cases: readonly AgreementCase[]): string {
  const own = cases.filter(({ technique }) => technique === id);
  if (own.length === 0) throw new Error(`${id} is compared with no reference.`);
  const sources = OWN_SOURCES[id] ?? [...new Set(own.map(({ folder }) => SOURCES[folder] ?? folder))].sort().join(", ");
  const networks = new Set(own.map(({ network }) => network)).size;
  return `${sources}; ${networks} network${networks === 1 ? "" : "s"}`;
}
