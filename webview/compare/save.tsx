import type { VNode } from "preact";
import { addPngText } from "../../src/draw/encode/png.ts";
import { figureSvg, figureText, saveFigureNumbers } from "../../src/draw/figure/figure-files.ts";
import type { FigureFormat, SavedFigure } from "../../src/draw/figure/figure-files.ts";
import { LIGHT_THEME } from "../../src/draw/encode/svg.ts";
import type { Theme } from "../../src/draw/encode/svg.ts";
import { copyPicture } from "../ui/copy.ts";
import { Icon, IconButton } from "../ui/fields.tsx";
import { MenuButton } from "../ui/menu.tsx";
import type { CompareController } from "./controller.ts";

const items: readonly {
  readonly id: string;
  readonly format: FigureFormat;
  readonly themed?: true;
  readonly label: string;
  readonly detail: string;
}[] = [
  { id: "svg", format: "svg", label: "SVG", detail: "figure on white, with real text" },
  { id: "png", format: "png", label: "PNG", detail: "figure on white" },
  { id: "svg-theme", format: "svg", themed: true, label: "SVG", detail: "in this theme's colours" },
  { id: "png-theme", format: "png", themed: true, label: "PNG", detail: "in this theme's colours" },
  { id: "npz", format: "npz", label: "NPZ", detail: "raw numbers of each cell" },
  { id: "json", format: "json", label: "JSON", detail: "numbers and provenance" },
];

/** Copy and save: the whole grid as one figure, or the numbers behind it. */
export function SaveMenu({
  figure,
  inputName,
  disabled,
  controller,
}: {
  readonly figure: () => SavedFigure;
  readonly inputName: string;
  readonly disabled: boolean;
  readonly controller: CompareController;
}): VNode {
  return (
    <>
      <IconButton
        icon="copy"
        label="Copy the figure"
        testid="copy"
        disabled={disabled}
        onClick={() => void copyPicture("the figure", () => pngOf(figure(), LIGHT_THEME), controller)}
      />
      <MenuButton
        label="Save as"
        title="Save the comparison as a figure or as numbers"
        testid="save"
        disabled={disabled}
        items={items.map(({ id, format, themed, label, detail }) => ({
          id,
          label,
          detail,
          run: () => void saveAs(figure(), format, inputName, controller, themed ? themeOf() : LIGHT_THEME),
        }))}
      >
        Save
        <Icon name="chevron-down" />
      </MenuButton>
    </>
  );
}

/** Hands a figure to the extension in one of its formats. */
export async function saveAs(
  figure: SavedFigure,
  format: FigureFormat,
  inputName: string,
  controller: CompareController,
  theme: Theme = LIGHT_THEME,
): Promise<void> {
  try {
    const bytes =
      format === "png"
        ? await pngOf(figure, theme)
        : format === "svg"
          ? new TextEncoder().encode(figureSvg(figure, theme))
          : saveFigureNumbers(await controller.withNumbers(figure), format);
    await controller.save(`${fileName(figure, inputName)}.${format}`, bytes);
  } catch (error) {
    controller.fail(error);
  }
}

/** The SVG as this browser draws it, with its fonts; how it was made is in the file as in every PNG of ours. */
async function pngOf(figure: SavedFigure, theme: Theme): Promise<Uint8Array<ArrayBuffer>> {
  const image = new Image();
  image.src = `data:image/svg+xml;base64,${base64(new TextEncoder().encode(figureSvg(figure, theme)))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This window cannot create an image of that size.");
  context.drawImage(image, 0, 0);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (!blob)
    throw new Error(
      `An image of ${canvas.width}×${canvas.height} is too large for this window. Save the rows separately, or save as SVG.`,
    );
  return addPngText(new Uint8Array(await blob.arrayBuffer()), figureText(figure));
}

/** The window's own colours. */
function themeOf(): Theme {
  const { color, backgroundColor } = getComputedStyle(document.body);
  return { foreground: color, background: backgroundColor };
}

/** "cat-saliency-grad-cam". */
function fileName({ columns, rows }: SavedFigure, inputName: string): string {
  const word = (text: string): string =>
    text
      .replace(/[^\p{L}\p{N}._-]+/gu, "-")
      .replace(/^-+|-+$/g, "")
      .toLowerCase();
  const words = [
    word(inputName.replace(/\.[^.]*$/, "")),
    ...(rows.length === 1 && rows[0] ? [word(rows[0])] : []),
    ...columns.map(word),
  ];
  return words.filter(Boolean).join("-").slice(0, 80) || "comparison";
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}
