import type { Artifact } from "../../protocol/artifacts.ts";
import type { Result } from "../../protocol/result.ts";

/** A picture of one of several explained inputs. */
export type InputArtifact = Exclude<Artifact, { kind: "image" | "tiles" | "boxes" }> & { readonly input: string };

/** The technique's own picture of each explained input, in the model's order; none where one input is explained. */
export function picturesOfInputs({ views: artifacts }: Pick<Result, "views">): InputArtifact[] {
  return artifacts.filter((artifact): artifact is InputArtifact => "input" in artifact && artifact.input !== undefined);
}
