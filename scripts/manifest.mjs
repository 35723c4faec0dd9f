// Writes package.json's commands, menus, editors and panels, of techniques from their catalogue: `node scripts/manifest.mjs`.
// With --check it only says whether package.json is in step, by its exit code. All else in package.json is kept by
// hand.
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { fileURLToPath, pathToFileURL } from "node:url";
import esbuild from "esbuild";
import { treeCommands, treeMenus } from "./lib/trees-manifest.mjs";
import { walkthroughActivation, walkthroughs } from "./lib/walkthrough-manifest.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const file = path.join(root, "package.json");

let built = 0;

/** The names of editors and panels, as the extension has them. */
const { commandId, LISTED_TECHNIQUES, modelViewType, panelViewTypes } = (await run("src/extension/commands/ids.ts"))
  .exports;
const activationEvents = [
  ...Object.values(panelViewTypes).map((panel) => `onWebviewPanel:${panel}`),
  ...walkthroughActivation,
];

/** Holds where the person wants every technique in lists. */
const listsAll = "config.neuralLoupe.palette == all";
const isListed = ({ id }) => LISTED_TECHNIQUES.includes(id);
const inOurEditor = `activeCustomEditorId == ${modelViewType}`;

/** Commands that are no technique. `when`: where the palette offers them. */
const others = [
  { id: "explainWith", title: "Explain With…", icon: "$(lightbulb)" },
  { id: "compare", title: "Compare Explanations" },
  { id: "checkExplanation", title: "Check Explanation…" },
  { id: "exportExplanation", title: "Export Explanation…" },
  { id: "fillInInputs", title: "Fill In Inputs…" },
  { id: "openModel", title: "Open Model…", icon: "$(folder-opened)" },
  { id: "openSample", title: "Open Sample Model" },
  { id: "openWalkthrough", title: "Open Walkthrough" },
  { id: "reopenAsText", title: "Reopen Model as Text", when: inOurEditor },
  { id: "reopenAsHex", title: "Reopen Model as Bytes (Hex Editor)", when: inOurEditor },
  { id: "saveCopy", title: "Save a Copy of the Model…", when: inOurEditor },
  { id: "cancelRun", title: "Cancel Running Model" },
  { id: "restartEngine", title: "Restart Engine" },
  { id: "showLog", title: "Show Log" },
  ...treeCommands,
];

/** contributes.commands, submenus and menus for these techniques; and what names model files, by their formats. */
export function contributions(techniques, formats) {
  const endings = formats.flatMap(({ extensions }) => extensions);
  const onModelFiles = `resourceExtname =~ /^\\.(${endings.join("|")})$/i`;
  const category = "Neural Loupe";
  const submenu = "neuralLoupe.techniques";
  // What a newcomer asks first stands in the menus themselves, the rest one click further.
  const first = "predictions";
  const entries = (group, when) => [
    { command: commandId(first), group: `${group}@1`, when },
    { command: "neuralLoupe.explainWith", group: `${group}@2`, when },
    { submenu, group: `${group}@3`, when },
  ];
  const groups = [...new Set(techniques.map(({ group }) => group))];
  return {
    customEditors: [
      {
        viewType: modelViewType,
        displayName: category,
        selector: endings.map((ending) => ({ filenamePattern: `*.${ending}` })),
        priority: "default",
      },
    ],
    walkthroughs: walkthroughs(modelViewType),
    configurationDefaults: {
      "workbench.diffEditorAssociations": Object.fromEntries(endings.map((ending) => [`*.${ending}`, "default"])),
    },
    commands: [
      ...techniques.map(({ id, command: title }) => ({
        command: commandId(id),
        title,
        category,
        ...(id === first ? { icon: "$(graph)" } : {}),
      })),
      ...others.map(({ id, title, icon }) => ({
        command: `neuralLoupe.${id}`,
        title,
        category,
        ...(icon ? { icon } : {}),
      })),
    ],
    jsonValidation: [{ fileMatch: "*.sample.json", url: "./media/sample.schema.json" }],
    submenus: [
      { id: submenu, label: category, icon: { light: "./media/loupe-light.svg", dark: "./media/loupe-dark.svg" } },
    ],
    menus: {
      "editor/title": entries("navigation", inOurEditor),
      "editor/title/context": entries("2_neuralLoupe", onModelFiles),
      "explorer/context": entries("2_neuralLoupe", onModelFiles),
      ...treeMenus(submenu),
      [submenu]: [
        ...techniques.map((technique, index) => ({
          command: commandId(technique.id),
          group: `${groups.indexOf(technique.group) + 1}_${technique.group}@${index + 1}`,
          ...(isListed(technique) ? {} : { when: listsAll }),
        })),
        { command: "neuralLoupe.compare", group: `${groups.length + 1}_compare@1` },
      ],
      commandPalette: [
        ...techniques
          .filter((technique) => !isListed(technique))
          .map(({ id }) => ({ command: commandId(id), when: listsAll })),
        ...others.filter(({ when }) => when).map(({ id, when }) => ({ command: `neuralLoupe.${id}`, when })),
      ],
    },
  };
}

/** The techniques' catalogue, as data. */
export async function readCatalogue() {
  return (await buildCatalogue()).catalogue;
}

/** The formats of model files, as data. */
export async function readFormats() {
  return (await run("src/protocol/formats.ts")).exports.MODEL_FORMATS;
}

/** The catalogue, made by running src/techniques/catalogue.ts, and the files that it was made from. */
export async function buildCatalogue() {
  const { exports, files } = await run("src/techniques/catalogue.ts");
  return { catalogue: exports.catalogue, files };
}

/** What a module of ours exports, and the files that it was made from. */
async function run(entry) {
  // Inside the repository, so that the packages that techniques use are found from there.
  const module = path.join(root, `.cache/catalogue-${process.pid}-${built++}.mjs`);
  const { metafile } = await esbuild.build({
    entryPoints: [path.join(root, entry)],
    outfile: module,
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    metafile: true,
    logLevel: "error",
  });
  try {
    const exports = await import(pathToFileURL(module).href);
    return { exports, files: Object.keys(metafile.inputs).map((name) => path.join(root, name)) };
  } finally {
    await rm(module, { force: true });
  }
}

/** The settings with the methods that there are in the one that names them. */
function withMethods(configuration, techniques) {
  const methods = techniques.filter(({ group }) => group !== "checks");
  const name = "neuralLoupe.defaultMethod";
  const setting = configuration.properties[name];
  const enums = { enum: methods.map(({ id }) => id), enumDescriptions: methods.map(({ title }) => title) };
  return { ...configuration, properties: { ...configuration.properties, [name]: { ...setting, ...enums } } };
}

/** What in package.json is not as it would be written: the names, none when all is in step. */
export async function outOfStep() {
  const { contributes = {}, ...rest } = JSON.parse(await readFile(file, "utf8"));
  const catalogue = await readCatalogue();
  const wanted = {
    activationEvents,
    ...contributions(catalogue, await readFormats()),
    configuration: withMethods(contributes.configuration, catalogue),
  };
  const there = { ...contributes, activationEvents: rest.activationEvents };
  return Object.keys(wanted).filter((key) => !isDeepStrictEqual(there[key], wanted[key]));
}

async function main(args) {
  if (args.includes("--check")) {
    const wrong = await outOfStep();
    if (wrong.length)
      console.error(
        `${wrong.join(", ")} in package.json are out of step with the techniques, formats or panels: run node scripts/manifest.mjs`,
      );
    process.exit(wrong.length ? 1 : 0);
  }
  const manifest = JSON.parse(await readFile(file, "utf8"));
  manifest.activationEvents = activationEvents;
  const catalogue = await readCatalogue();
  manifest.contributes = {
    ...manifest.contributes,
    ...contributions(catalogue, await readFormats()),
    configuration: withMethods(manifest.contributes.configuration, catalogue),
  };
  // Only whoever writes needs the formatter: building reads the catalogue from here as well.
  const { format, resolveConfig } = await import("prettier");
  await writeFile(file, await format(JSON.stringify(manifest), { ...(await resolveConfig(file)), filepath: file }));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
