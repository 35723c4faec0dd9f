import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { kindOf } from "../../src/draw/kinds/index.ts";
import type { TableArtifact } from "../../src/protocol/artifacts.ts";
import { DataTable } from "./data-table.tsx";
import type { FullProps, KindView } from "./view.ts";

export const table: KindView<TableArtifact> = { Full };

function Full({ artifact }: FullProps<TableArtifact>): VNode {
  const rows = useMemo(() => kindOf(artifact).table(artifact), [artifact]);
  return (
    <section class="table-stage" aria-label={artifact.title}>
      <DataTable table={rows} label={artifact.title} />
      <p class="caption">{[artifact.title, artifact.caption].filter(Boolean).join(" · ")}</p>
    </section>
  );
}
