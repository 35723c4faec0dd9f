import type { Artifact } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import type { Result } from "../../protocol/result.ts";
import { regionText } from "../../protocol/target.ts";
import { kindOf } from "../kinds/index.ts";
import { picturesOfInputs, type InputArtifact } from "./inputs.ts";
import { picturesOf } from "../../protocol/result.ts";
import { paragraph, stack } from "./parts.ts";
import type { Block, Scene } from "./parts.ts";

const margin = 16;
const pageWidth = 1200;

/** Lays out an artifact with its title above, and its caption and the result's origin below. */
export function layoutScene(result: Result, artifact: Artifact, looks: Looks): Scene {
  const several = artifact === result.views[0] ? picturesOfInputs(result) : [];
  const block = several.length > 1 ? layoutInputs(result, several, looks) : layoutArtifact(result, artifact, looks);
  const width = Math.max(block.width, 320);
  const scale = captionScale(width);
  const head = paragraph(artifact.title, scale, "foreground", width);
  const foot = stack([
    paragraph(artifact.caption, scale, "foreground", width),
    paragraph(targetText(result), scale, "foreground", width),
    paragraph(originOf(result), 0.75 * scale, "muted", width),
  ]);
  const body = stack([head, block, foot], 10);
  const parts = body.parts.map((part) => ({ ...part, x: part.x + margin, y: part.y + margin }));
  return { width: width + 2 * margin, height: body.height + 2 * margin, parts };
}

/** Large pictures are looked at reduced to a page's width: their words are as large there as those of small ones. */
function captionScale(width: number): number {
  return Math.max(2, Math.floor((4 * width) / pageWidth) / 2);
}

/** Pictures of several inputs below one another, each under its input's name. */
function layoutInputs(result: Result, artifacts: readonly InputArtifact[], looks: Looks): Block {
  return stack(
    artifacts.flatMap((artifact) => {
      const block = layoutArtifact(result, artifact, looks);
      return [paragraph(artifact.input, 2, "muted", Math.max(block.width, 320)), block];
    }),
    10,
  );
}

/** An artifact without title and caption, at (0, 0). */
export function layoutArtifact(result: Result, artifact: Artifact, looks: Looks): Block {
  return kindOf(artifact).layout(artifact, {
    pictures: picturesOf(result),
    looks,
    ...(result.context.target ? { target: result.context.target } : {}),
  });
}

/** "Target: Egyptian cat, 285 of logits"; empty where nothing was the target. */
export function targetText({ provenance: { target } }: Pick<Result, "provenance">): string {
  if (!target) return "";
  const { label, index, against, region, not, output } = target;
  const place = region ? regionText(region) : index.join(",");
  const named = `${not ? "not " : ""}${label && !region ? `${label}, ` : ""}${place}`;
  return `Target: ${named}${against ? ` − ${against.join(",")}` : ""} of ${output}`;
}

/** "saliency · model.onnx · cat.png · /features/Conv". */
function originOf({ provenance }: Result): string {
  return [provenance.technique, provenance.model.name, provenance.input?.name, provenance.layer]
    .filter(Boolean)
    .join(" · ");
}
