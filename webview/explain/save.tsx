import type { VNode } from "preact";
import { composePicture } from "../../src/draw/scene/compose.ts";
import { encodePng } from "../../src/draw/encode/png.ts";
import { isNumberFormat, pictureNote, saveNumbers, savePicture } from "../../src/draw/encode/save.ts";
import type { PictureFormat, SaveFormat } from "../../src/draw/encode/save.ts";
import type { Result } from "../../src/protocol/result.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import { copyPicture } from "../ui/copy.ts";
import { Icon, IconButton } from "../ui/fields.tsx";
import { MenuButton } from "../ui/menu.tsx";
import type { MenuItem } from "../ui/menu.tsx";
import type { PanelController, Saved } from "./controller.ts";
import { viewOf } from "../results/index.tsx";

const formats: readonly { readonly format: SaveFormat; readonly label: string; readonly detail: string }[] = [
  { format: "png", label: "PNG", detail: "picture" },
  { format: "svg", label: "SVG", detail: "image, sharp text" },
  { format: "npy", label: "NPY", detail: "raw numbers" },
  { format: "json", label: "JSON", detail: "numbers and provenance" },
  { format: "csv", label: "CSV", detail: "table" },
];

/** What a result can be saved as: of several inputs the numbers are an archive of arrays. */
function formatsOf({ arrays }: Result): typeof formats {
  if (arrays.length === 0) return formats.filter(({ format }) => format !== "npy");
  return arrays.length > 1
    ? formats.map((one) =>
        one.format === "npy" ? { format: "npz", label: "NPZ", detail: "raw numbers, an array for each input" } : one,
      )
    : formats;
}

/** Copy and save. Pictures are saved as they look now, numbers as they are. */
export function SaveMenu({
  shown,
  looks,
  name,
  disabled,
  controller,
  testid = "save",
}: {
  /** Absent as long as there is no result: the buttons keep their places. */
  readonly shown: Saved | undefined;
  readonly looks: Looks;
  /** What the result is about: files are called after it. */
  readonly name: string;
  /** Why it cannot be saved now. */
  readonly disabled?: string;
  readonly controller: PanelController;
  readonly testid?: string;
}): VNode {
  return (
    <>
      <IconButton
        icon="copy"
        label="Copy the image"
        testid={testid === "save" ? "copy" : `${testid}-copy`}
        disabled={disabled !== undefined || !shown}
        onClick={() => shown && void copy(shown.result, looks, controller)}
      />
      <MenuButton
        label="Save as"
        title={disabled ?? "Save the image or its numbers"}
        disabled={disabled !== undefined || !shown}
        testid={testid}
        items={
          shown
            ? // Of the method itself, not of a check of it.
              [...fileItems(shown, looks, name, controller), ...(testid === "save" ? takeAway(shown, controller) : [])]
            : []
        }
      >
        Save
        <Icon name="chevron-down" />
      </MenuButton>
    </>
  );
}

function fileItems(shown: Saved, looks: Looks, name: string, controller: PanelController): MenuItem[] {
  const { result } = shown;
  const save = async (format: SaveFormat): Promise<void> => {
    try {
      const base = fileName(result, name);
      if (isNumberFormat(format)) {
        await controller.save(`${base}.${format}`, saveNumbers(await controller.withNumbers(shown), format));
        return;
      }
      const { subject, channel } = await subjectOf(result, looks, format, controller);
      const bytes = savePicture(subject, looks, format);
      await controller.save(`${base}${channel}.${format}`, bytes, pictureNote(subject, looks, format));
    } catch (error) {
      controller.fail(error);
    }
  };
  return formatsOf(result).map(({ format, label, detail }) => ({
    id: format,
    label,
    detail,
    run: () => void save(format),
  }));
}

/** What runs elsewhere: a model, code. */
function takeAway({ result }: Saved, controller: PanelController): MenuItem[] {
  return [
    { id: "onnx", label: "ONNX …", detail: "a model that explains", run: () => void controller.exportModel() },
    {
      id: "python",
      label: "Python",
      detail: "copy code that does the same",
      run: () => void controller.copyPython(result.provenance),
    },
  ];
}

function copy(result: Result, looks: Looks, controller: PanelController): Promise<void> {
  return copyPicture(
    "the image",
    async () => {
      const { subject } = await subjectOf(result, looks, "png", controller);
      const { width, height, rgba } = composePicture(subject, subject.views[0], looks);
      return encodePng(width, height, rgba);
    },
    controller,
  );
}

/**
 * What a file is made of: an enlarged channel's picture where one is open, else the result; numbers are always the
 * result's.
 */
async function subjectOf(
  result: Result,
  looks: Looks,
  format: PictureFormat,
  controller: PanelController,
): Promise<{ subject: Result; channel: string }> {
  const [artifact, ...others] = result.views;
  const state = controller.snapshot.shown?.state;
  const saved =
    format !== "csv" && state && artifact
      ? await viewOf(artifact)?.saved?.(artifact, looks, {
          channel: (channel) => controller.link.call("channel", { state, channel }),
        })
      : undefined;
  return saved
    ? { subject: { ...result, views: [saved.artifact, ...others] }, channel: saved.name }
    : { subject: result, channel: "" };
}

/** "cat-saliency-285", "cat-road-grad-cam-285": input (or model), technique, the method that it checks, target. */
function fileName({ provenance: { technique, target, params } }: Result, name: string): string {
  const method = typeof params.method === "string" ? params.method : undefined;
  return [fileStem(name), technique, method, target?.index.join("_")]
    .filter((part) => part !== undefined && part !== "")
    .join("-");
}

/** A file's name without its ending, as a part of another. */
export function fileStem(name: string): string {
  return name.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}._-]+/gu, "_") || "input";
}
