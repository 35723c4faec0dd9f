import type { VNode } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { EditorBoot, EditorState } from "../../src/protocol/editor.ts";
import { plural } from "../../src/protocol/format.ts";
import type { LayerDescription, ModelDescription } from "../../src/protocol/model.ts";
import { Banner, FailureBanner } from "../ui/feedback.tsx";
import { useStore } from "../ui/store.ts";
import { About } from "./about.tsx";
import { Broken } from "./broken.tsx";
import { CannotRun } from "./cannot-run.tsx";
import type { EditorController } from "./controller.ts";
import { Header } from "./header.tsx";
import { Inspector } from "./inspector.tsx";
import { LayerSearch, type FoundLayers } from "./layer-search.tsx";
import { Layers } from "./layers.tsx";
import { Problems } from "./problems.tsx";
import { findLayers, sortLayers } from "./search.ts";
import { Tabs } from "./tabs.tsx";
import { Techniques } from "./techniques.tsx";

type ModelBoot = Extract<EditorBoot, { kind: "model" }>;

/** The whole page: a model, or why it cannot be shown. */
export function Editor({ controller }: { readonly controller: EditorController }): VNode {
  const { boot, state, stale, failure } = useStore(controller);
  return (
    <div class="editor">
      {stale ? (
        <Banner
          kind="warning"
          testid="changed"
          actions={[{ label: "Reload", run: () => void controller.reload(), testid: "reload" }]}
          onClose={() => controller.dismissStale()}
        >
          {stale === "model-changed"
            ? "The file changed on disk. This view is out of date."
            : "The file was deleted or moved. This view is out of date."}
        </Banner>
      ) : null}
      {failure ? <FailureBanner {...failure} onClose={() => controller.dismissFailure()} /> : null}
      {boot?.kind === "error" ? (
        <Broken boot={boot} onReload={() => void controller.reload()} onText={() => controller.reopenAsText()} />
      ) : boot && state ? (
        <Model boot={boot} state={state} controller={controller} />
      ) : null}
    </div>
  );
}

function Model({
  boot,
  state,
  controller,
}: {
  readonly boot: ModelBoot;
  readonly state: EditorState;
  readonly controller: EditorController;
}): VNode {
  const { model, techniques } = boot;
  const change = (part: Partial<EditorState>): void => controller.show(part);
  const search = useRef<HTMLElement>(null);
  const view = useRef<HTMLDivElement>(null);
  const plumbing = useMemo(() => model.layers.filter((one) => one.plumbing).length, [model]);
  const found = useMemo(
    () => foundLayers(model.layers, state),
    [model, state.search, state.plumbing, state.plumbing ? undefined : state.selected],
  );
  const layers = useMemo(() => sortLayers(found.layers, state.sort), [found, state.sort]);
  const layer = state.selected === undefined ? undefined : model.layers[state.selected];

  // From another tab the field is there only after the next drawing.
  const toSearch = useRef(false);
  const focusSearch = (): void => {
    if (!toSearch.current || !search.current) return;
    toSearch.current = false;
    search.current.focus();
  };
  useLayoutEffect(focusSearch);
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const find = (event.ctrlKey || event.metaKey) && event.key === "f";
      const slash = event.key === "/" && !(event.target as HTMLElement).closest?.("input, vscode-text-field");
      if (!find && !slash) return;
      event.preventDefault();
      change({ tab: "layers" });
      toSearch.current = true;
      focusSearch();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [controller]);

  return (
    <>
      <Header model={model} plumbing={plumbing}>
        <Techniques
          techniques={techniques}
          quick={boot.quick}
          blocked={boot.blocked ?? runLimit(model)}
          onChoose={(id) => controller.visualize(id)}
          onAll={() => controller.explainWith()}
        />
      </Header>
      {boot.blocked ? (
        <Banner kind="info" testid="blocked">
          {boot.blocked}
        </Banner>
      ) : null}
      <CannotRun
        model={model}
        onProblems={() => change({ tab: "problems" })}
        onReload={() => void controller.reload()}
      />
      <main class="model">
        <div class="toolbar">
          <Tabs
            model={model}
            layers={model.layers.length - (state.plumbing ? 0 : plumbing)}
            chosen={state.tab}
            onChoose={(tab) => change({ tab })}
          />
          {state.tab === "layers" ? (
            <LayerSearch
              text={state.search}
              found={found}
              plumbing={plumbing}
              isShown={state.plumbing}
              focusRef={search}
              onSearch={(text) => change({ search: text })}
              onNext={(by) => {
                const next = nextHit(layers, state.selected, by);
                if (next !== undefined) change({ selected: next });
              }}
              onDown={() => view.current?.querySelector<HTMLElement>('[data-row][tabindex="0"]')?.focus()}
              onShow={(shown) => change({ plumbing: shown })}
            />
          ) : null}
        </div>
        <div class={`content ${state.tab === "layers" && layer ? "with-inspector" : ""}`}>
          <div
            class="view"
            role="tabpanel"
            id="view"
            ref={view}
            aria-labelledby={`tab-${state.tab}`}
            tabIndex={state.tab === "layers" ? undefined : 0}
          >
            {state.tab === "layers" ? (
              <Layers
                layers={layers}
                total={model.layers}
                operators={model.operators}
                sort={state.sort}
                widths={state.widths}
                empty={emptyText(model.layers.length, found.hidden)}
                selected={state.selected}
                inspecting={layer !== undefined}
                onSort={(sort) => change({ sort })}
                onResize={(column, width) => {
                  const { [column]: _, ...others } = state.widths;
                  change({ widths: width === undefined ? others : { ...others, [column]: width } });
                }}
                onSelect={(index) => change({ selected: index })}
                onClose={() => change({ selected: undefined })}
              />
            ) : state.tab === "problems" ? (
              <Problems problems={model.problems} onCopy={(text, what) => controller.copy(text, what)} />
            ) : (
              <About model={model} />
            )}
          </div>
          {state.tab === "layers" && layer ? (
            <Inspector
              key={model.stamp}
              layer={layer}
              model={model}
              link={controller.link}
              techniques={techniques}
              blocked={boot.blocked ?? runLimit(model)}
              onVisualize={(technique, value) => controller.visualize(technique, value)}
              onGo={(index) => change({ selected: index })}
              onClose={() => change({ selected: undefined })}
              onCopy={(text, what) => controller.copy(text, what)}
            />
          ) : null}
        </div>
      </main>
    </>
  );
}

/** What the search finds and, of the plumbing, whatever is selected or asked for. */
function foundLayers(all: readonly LayerDescription[], { search, plumbing, selected }: EditorState): FoundLayers {
  const hits = findLayers(all, search);
  const layers = plumbing ? hits : hits.filter((one) => !one.plumbing || one.index === selected);
  return { layers, hidden: hits.length - layers.length };
}

/** The hit after the one that is selected, or before it, around the end; the first where none is. */
function nextHit(layers: readonly LayerDescription[], selected: number | undefined, by: 1 | -1): number | undefined {
  const at = layers.findIndex(({ index }) => index === selected);
  return layers[at < 0 ? 0 : (at + by + layers.length) % layers.length]?.index;
}

function emptyText(total: number, hidden: number): string {
  if (total === 0) return "The graph has no nodes.";
  if (hidden > 0)
    return `No layer matches, but ${plural(hidden, "node")} of the plumbing ${hidden === 1 ? "does" : "do"}: clear Hide plumbing to see ${hidden === 1 ? "it" : "them"}.`;
  return "No layer matches. Use op:Conv to filter by operator, or words to filter by name.";
}

function runLimit({ limits }: ModelDescription): string | undefined {
  return limits?.find(({ obstacle }) => obstacle === "run")?.reason;
}
