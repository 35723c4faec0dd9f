import type { Artifact } from "../../protocol/artifacts.ts";
import type { Result } from "../../protocol/result.ts";

type About<A> = A extends Artifact ? ("input" extends keyof A ? A & { readonly input: string } : never) : never;

/** A picture of one of several explained inputs. */
export type InputArtifact = About<Artifact>;

/** The technique's own picture of each explained input, in the model's order; none where one input is explained. */
export function picturesOfInputs({ views }: Pick<Result, "views">): InputArtifact[] {
  return views.filter((artifact): artifact is InputArtifact => "input" in artifact && artifact.input !== undefined);
}
