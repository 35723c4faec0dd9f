import type { VNode } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { EditorBoot, EditorState } from "../../src/protocol/editor.ts";
import { TextField } from "../ui/controls.tsx";
import { Banner, FailureBanner } from "../ui/feedback.tsx";
import { Icon } from "../ui/fields.tsx";
import { plural } from "../../src/protocol/format.ts";
import { roveFocus } from "../ui/roving.ts";
import { useStore } from "../ui/store.ts";
import { About } from "./about.tsx";
import { Broken } from "./broken.tsx";
import type { EditorController } from "./controller.ts";
import { Header } from "./header.tsx";
import { Inspector } from "./inspector.tsx";
import { Layers } from "./layers.tsx";
import { Problems } from "./problems.tsx";
import { Techniques } from "./techniques.tsx";
import { findLayers, sortLayers } from "./search.ts";

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
  const found = useMemo(() => findLayers(model.layers, state.search), [model, state.search]);
  const layers = useMemo(() => sortLayers(found, state.sort), [found, state.sort]);
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
      <Header model={model}>
        <Techniques
          techniques={techniques}
          blocked={boot.blocked !== undefined}
          onChoose={(id) => controller.visualize(id)}
        />
      </Header>
      {boot.blocked ? (
        <Banner kind="info" testid="blocked">
          {boot.blocked}
        </Banner>
      ) : null}
      <main class="model">
        <div class="toolbar">
          <div class="tabs" role="tablist" aria-label="Views" onKeyDown={(event) => roveFocus(event)?.click()}>
            {tabs(boot).map((tab) => (
              <button
                key={tab.id}
                type="button"
                role="tab"
                class="tab"
                data-rove
                data-testid={`tab-${tab.id}`}
                id={`tab-${tab.id}`}
                aria-selected={state.tab === tab.id}
                aria-controls="view"
                tabIndex={state.tab === tab.id ? 0 : -1}
                onClick={() => change({ tab: tab.id })}
              >
                {tab.label}
                {tab.count === undefined ? null : <span class={`count ${tab.alarm ? "alarm" : ""}`}>{tab.count}</span>}
              </button>
            ))}
          </div>
          {state.tab === "layers" ? (
            <>
              <TextField
                class="search"
                icon="search"
                label="Search layers"
                placeholder="Search: name, op:Conv"
                value={state.search}
                testid="search"
                title="All words must occur in the name, the operator or an output. op:Conv filters by operator. ( / )"
                focusRef={search}
                onInput={(text) => change({ search: text })}
              />
              <span class="muted hits" role="status" data-testid="hits">
                {state.search.trim() ? plural(found.length, "hit") : ""}
              </span>
            </>
          ) : null}
        </div>
        <div class={`content ${state.tab === "layers" && layer ? "with-inspector" : ""}`}>
          <div
            class="view"
            role="tabpanel"
            id="view"
            aria-labelledby={`tab-${state.tab}`}
            tabIndex={state.tab === "layers" ? undefined : 0}
          >
            {state.tab === "layers" ? (
              <Layers
                layers={layers}
                total={model.layers}
                operators={model.operators}
                sort={state.sort}
                selected={state.selected}
                inspecting={layer !== undefined}
                onSort={(sort) => change({ sort })}
                onSelect={(index) => change({ selected: index })}
                onClose={() => change({ selected: undefined })}
              />
            ) : state.tab === "problems" ? (
              <Problems problems={model.problems} onCopy={(text) => controller.copy(text)} />
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
              blocked={boot.blocked}
              onVisualize={(technique, value) => controller.visualize(technique, value)}
              onGo={(index) => change({ selected: index })}
              onClose={() => change({ selected: undefined })}
              onCopy={(text) => controller.copy(text)}
            />
          ) : null}
        </div>
      </main>
    </>
  );
}

/** The views of a model, in the bar's order: a new one is an entry here and a branch in the view. */
function tabs({
  model,
}: ModelBoot): readonly {
  readonly id: EditorState["tab"];
  readonly label: VNode;
  readonly count?: number;
  readonly alarm?: boolean;
}[] {
  return [
    {
      id: "layers",
      label: (
        <>
          <Icon name="list-flat" />
          Layers
        </>
      ),
      count: model.layers.length,
    },
    {
      id: "problems",
      label: (
        <>
          <Icon name="warning" />
          Problems
        </>
      ),
      count: model.problems.length,
      alarm: model.problems.some((problem) => problem.severity === "error"),
    },
    {
      id: "about",
      label: (
        <>
          <Icon name="info" />
          About
        </>
      ),
    },
  ];
}
