/**
 * Results by themselves, for the gallery: a kind of artifact in all its states one below the other, or in one, in its
 * full view and in the small one that comparisons have.
 */
import "@vscode/codicons/dist/codicon.css";
import "../../../webview/ui/base.css";
import "./results-page.css";
import { render } from "preact";
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { comparisonOf } from "../../../src/draw/kinds/index.ts";
import type { Artifact } from "../../../src/protocol/artifacts.ts";
import { DEFAULT_LOOKS } from "../../../src/protocol/looks.ts";
import type { PartialResult } from "../../../src/protocol/result.ts";
import { cellOf, SmallView } from "../../../webview/results/cells.tsx";
import { ArtifactView } from "../../../webview/results/index.tsx";
import type { Linked } from "../../../webview/results/linked.tsx";
import { drawingOf } from "../../../webview/results/map-values.ts";
import type { Page } from "../../../webview/results/view.ts";
import { WHOLE } from "../../../webview/results/zoom.ts";
import { scenario } from "../fake/page.ts";
import { channelValues, image, layers } from "../fake/results.ts";
import { statesOf } from "../gallery/kinds/index.ts";

/** What the scenario asks for: a kind, and one of its states or all. */
interface Asked {
  readonly kind: Artifact["kind"];
  readonly state?: string;
}

function Sheet({ kind, state }: Asked): VNode {
  const states = Object.entries(statesOf(kind)).filter(([name]) => state === undefined || name === state);
  return (
    <main class="sheet">
      <h1>{kind}</h1>
      {states.map(([name, made]) => (
        <section key={name} class="sheet-state" aria-label={name}>
          <h2>{name}</h2>
          {typeof made === "string" ? <p class="muted">{made}</p> : <State made={made} />}
        </section>
      ))}
    </main>
  );
}

function State({ made }: { readonly made: () => Artifact }): VNode {
  const artifact = useMemo(made, [made]);
  const [looks, setLooks] = useState(DEFAULT_LOOKS);
  const result: PartialResult = { views: [artifact], context: { pictures: [image] } };
  const page: Page = {
    looks,
    setLooks: (change) => setLooks((now) => ({ ...now, ...change })),
    target: {},
    canExplain: true,
    explain: () => undefined,
    pickTarget: () => undefined,
    params: {},
    setParam: () => undefined,
    channelNames: (count) => (count === 3 ? ["R", "G", "B"] : undefined),
    channel: (channel) => {
      const { value, dims } = layers[0];
      return Promise.resolve({
        height: dims[2],
        width: dims[3],
        values: channelValues(value, channel, dims[2], dims[3]),
      });
    },
    tiles: () => Promise.reject(new Error("All tiles were sent along.")),
    fail: (error) => {
      throw error;
    },
  };
  return (
    <>
      <div class="sheet-full">
        <ArtifactView artifact={artifact} result={result} page={page} />
      </div>
      <Small artifact={artifact} result={result} />
    </>
  );
}

const unlinked: Linked = {
  cursor: undefined,
  onCursor: () => undefined,
  zoom: WHOLE,
  onZoom: () => undefined,
  onPan: () => undefined,
};

/** As it stands in a comparison's cell, where its kind does. */
function Small({ artifact, result }: { readonly artifact: Artifact; readonly result: PartialResult }): VNode | null {
  const comparison = comparisonOf(artifact);
  const drawing = useMemo(() => comparison && drawingOf(comparison.values(artifact), DEFAULT_LOOKS), [artifact]);
  if (!cellOf(artifact) || !drawing) return null;
  return (
    <div class="sheet-small">
      <SmallView
        artifact={artifact}
        result={result}
        drawing={drawing}
        reading={undefined}
        bar
        looks={DEFAULT_LOOKS}
        linked={unlinked}
      />
    </div>
  );
}

const root = document.getElementById("app") as HTMLElement;
// The skeleton stands there until now.
root.replaceChildren();
render(<Sheet {...(scenario as unknown as Asked)} />, root);
