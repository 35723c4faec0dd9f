// What package.json says of the rows of our trees: their commands, and where these stand in menus.

/** Commands of rows. None is in the palette: they are about a row. */
export const treeCommands = [
  { id: "refreshModels", title: "Refresh Models", icon: "$(refresh)" },
  {
    id: "showPlumbing",
    title: "Show Plumbing (Nodes That Only Compute Shapes or Constants)",
    icon: "$(filter-filled)",
  },
  { id: "hidePlumbing", title: "Hide Plumbing (Nodes That Only Compute Shapes or Constants)", icon: "$(filter)" },
  { id: "openModelToSide", title: "Open to the Side", icon: "$(split-horizontal)" },
  { id: "revealModelInExplorer", title: "Reveal in Explorer View" },
  { id: "copyName", title: "Copy Name" },
  { id: "openResult", title: "Open Result" },
  { id: "renameResult", title: "Rename Result …" },
  { id: "copyResult", title: "Copy Result's Description" },
  { id: "removeResult", title: "Remove Result", icon: "$(close)" },
  { id: "removeAllResults", title: "Clear Results", icon: "$(clear-all)" },
].map((command) => ({ ...command, when: "false" }));

const models = "view == neuralLoupe.models";
const results = "view == neuralLoupe.results";

/** `submenu`: the one of all techniques. */
export function treeMenus(submenu) {
  const row = (id, group, kinds) => ({
    ...(id === submenu ? { submenu } : { command: `neuralLoupe.${id}` }),
    group,
    when: `${models} && viewItem =~ /^(${kinds.join("|")})$/`,
  });
  return {
    "view/title": [
      { command: "neuralLoupe.openModel", group: "navigation@1", when: models },
      { command: "neuralLoupe.refreshModels", group: "navigation@2", when: models },
      { command: "neuralLoupe.showPlumbing", group: "navigation@3", when: `${models} && !neuralLoupe.plumbingShown` },
      { command: "neuralLoupe.hidePlumbing", group: "navigation@3", when: `${models} && neuralLoupe.plumbingShown` },
      { command: "neuralLoupe.removeAllResults", group: "navigation@1", when: results },
    ],
    "view/item/context": [
      row("openModel", "1_open@1", ["model"]),
      row("openModelToSide", "1_open@2", ["model"]),
      row("revealModelInExplorer", "1_open@3", ["model"]),
      row(submenu, "2_neuralLoupe@1", ["model", "layer"]),
      row("copyName", "3_copy@1", ["model", "module", "layer", "tensor", "note"]),
      { command: "neuralLoupe.removeResult", group: "inline@1", when: results },
      { command: "neuralLoupe.openResult", group: "1_open@1", when: results },
      { command: "neuralLoupe.renameResult", group: "2_change@1", when: results },
      { command: "neuralLoupe.removeResult", group: "2_change@2", when: results },
      { command: "neuralLoupe.copyResult", group: "3_copy@1", when: results },
    ],
  };
}
