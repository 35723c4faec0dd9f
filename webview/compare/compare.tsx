import type { VNode } from "preact";
import { useCallback, useState } from "preact/hooks";
import { comparisonOf } from "../../src/draw/kinds/index.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import type { Artifact } from "../../src/protocol/artifacts.ts";
import type { CompareBoot, CompareState, ScaleSharing } from "../../src/protocol/compare.ts";
import { DisplayOptions } from "../results/display-options.tsx";
import { cellOf } from "../results/cells.tsx";
import { Options } from "../explain/options.tsx";
import { Announce } from "../ui/feedback.tsx";
import { IconButton, Segmented } from "../ui/fields.tsx";
import { FrameStepper } from "../ui/frames.tsx";
import { Messages, type Staleness } from "../ui/messages.tsx";
import { useStore } from "../ui/store.ts";
import type { CompareController, Side, Snapshot } from "./controller.ts";
import { figureOf } from "./figure.ts";
import { Grid } from "./grid.tsx";
import { Axes, Header } from "./header.tsx";
import { saveAs } from "./save.tsx";
import { MOST, WHOLE, zoomBy } from "../results/zoom.ts";
import type { Zoom } from "../results/zoom.ts";

type Edited = { readonly side: Side; readonly index: number } | "base";

/** The whole comparison, drawn from the controller's snapshot. */
export function Compare({ controller }: { readonly controller: CompareController }): VNode {
  const snapshot = useStore(controller);
  const messages = (
    <Messages
      snapshot={snapshot}
      stale={snapshot.stale && staleness[snapshot.stale]}
      controller={controller}
      onAgain={() => controller.runAll()}
    />
  );
  const [zoom, setZoom] = useState<Zoom>(WHOLE);
  const [edited, setEdited] = useState<Edited | undefined>(undefined);
  const onZoom = useCallback((change: (zoom: Zoom) => Zoom) => setZoom(change), []);
  const { boot, state } = snapshot;
  if (!boot || !state) return <main class="compare">{messages}</main>;
  return (
    <main class="compare">
      <h1 class="visually-hidden">Comparison on {boot.inputName}</h1>
      <Header
        snapshot={snapshot}
        boot={boot}
        state={state}
        controller={controller}
        onEdit={() => setEdited(edited === "base" ? undefined : "base")}
      />
      <Axes state={state} blocked={boot.blocked !== undefined} controller={controller} />
      {messages}
      <Edit edited={edited} boot={boot} state={state} controller={controller} onClose={() => setEdited(undefined)} />
      <Grid
        snapshot={snapshot}
        boot={boot}
        state={state}
        zoom={zoom}
        onZoom={onZoom}
        controller={controller}
        onEdit={(side, index) => setEdited({ side, index })}
        onSaveRow={(row, format) =>
          void saveAs(figureOf(snapshot, boot, state, row), format, boot.inputName, controller)
        }
      />
      <LooksRow snapshot={snapshot} state={state} zoom={zoom} onZoom={onZoom} controller={controller} />
      <Announce testid="status-live" text={snapshot.notice ?? progressText(snapshot)} />
    </main>
  );
}

/** How all cells look; nothing here runs a model. */
function LooksRow({
  snapshot: { cells, places },
  state,
  zoom,
  onZoom,
  controller,
}: {
  readonly snapshot: Snapshot;
  readonly state: CompareState;
  readonly zoom: Zoom;
  readonly onZoom: (change: (zoom: Zoom) => Zoom) => void;
  readonly controller: CompareController;
}): VNode | null {
  const results = places.flatMap(({ job }) => {
    const cell = cells.get(job);
    return cell?.kind === "done" ? [cell.result] : [];
  });
  const compared = results.flatMap(({ views: [first] }) => (first && comparisonOf(first) ? [first] : []));
  const options = new Set(compared.flatMap((one) => comparisonOf(one)!.options));
  const frames = longest(compared.flatMap((one) => ("frames" in one && one.frames ? [one.frames.names] : [])));
  if (compared.length === 0) return null;
  return (
    <div class="looks-row">
      <span class="field">
        <span class="field-label">scale</span>
        <Segmented<ScaleSharing>
          label="Colour scale"
          value={state.scale}
          testid="scale-of"
          onChange={(scale) => controller.setScale(scale)}
          choices={[
            { value: "own", label: "Own", title: "Each cell uses its own range" },
            {
              value: "method",
              label: "Per method",
              title: "Cells of the same method share one range, so they can be compared",
            },
            { value: "all", label: "Shared", title: "All cells share one range" },
          ]}
        />
      </span>
      {options.size > 0 ? (
        <DisplayOptions
          options={[...options]}
          looks={state.looks}
          hasPicture={results.some((result) => picturesOf(result).length > 0)}
          hasChannels={compared.some(hasChannels)}
          onChange={(looks) => controller.setLooks(looks)}
        />
      ) : null}
      {frames ? (
        <FrameStepper
          names={frames}
          frame={state.looks.frame ?? 0}
          onFrame={(frame) => controller.setLooks({ frame })}
        />
      ) : null}
      {compared.some((one) => cellOf(one)?.zooms) ? (
        <span class="field zoom" role="group" aria-label="Zoom of all images">
          <IconButton
            icon="zoom-out"
            label="Zoom out"
            testid="zoom-out"
            disabled={zoom.scale === 1}
            onClick={() => onZoom((now) => zoomBy(now, 1 / 1.5))}
          />
          <button
            type="button"
            class="link-button number zoom-level"
            title="Reset zoom"
            data-testid="zoom-whole"
            onClick={() => onZoom(() => WHOLE)}
          >
            {Math.round(zoom.scale * 100)}%
          </button>
          <IconButton
            icon="zoom-in"
            label="Zoom in (Ctrl + mouse wheel over an image)"
            testid="zoom-in"
            disabled={zoom.scale >= MOST}
            onClick={() => onZoom((now) => zoomBy(now, 1.5))}
          />
        </span>
      ) : null}
    </div>
  );
}

function hasChannels(artifact: Artifact): boolean {
  const { axes, dims } = comparisonOf(artifact)!.values(artifact);
  return axes.channel !== undefined && dims[axes.channel] > 1;
}

/** Of the cells' frames those of which there are the most; a cell with fewer stays at its last. */
function longest(lists: readonly (readonly string[])[]): readonly string[] | undefined {
  return lists.reduce<readonly string[] | undefined>(
    (most, names) => (most && most.length >= names.length ? most : names),
    undefined,
  );
}

/** The options of one method: of a column, a row, or of all cells. Changing one runs again what it concerns. */
function Edit({
  edited,
  boot,
  state,
  controller,
  onClose,
}: {
  readonly edited: Edited | undefined;
  readonly boot: CompareBoot;
  readonly state: CompareState;
  readonly controller: CompareController;
  readonly onClose: () => void;
}): VNode | null {
  if (!edited) return null;
  const entry =
    edited === "base"
      ? ({ kind: "method", technique: state.base.technique, params: undefined } as const)
      : state[edited.side]?.entries[edited.index];
  const technique = entry?.kind === "method" ? boot.techniques.find(({ id }) => id === entry.technique) : undefined;
  if (!technique || entry?.kind !== "method") return null;
  const params = entry.params ?? state.base.params[technique.id];
  const set = (changed: typeof params): void => {
    if (edited === "base") controller.setBase({ params: { ...state.base.params, [technique.id]: changed ?? {} } });
    else controller.setEntryParams(edited.side, edited.index, changed ?? {});
  };
  return (
    <section class="edit" aria-label={`Options of ${technique.title}`} data-testid="edit">
      <h2>{technique.title}</h2>
      {technique.params.length ? (
        <Options
          technique={technique}
          params={params}
          controller={{
            setParam: (name, value) => set({ ...params, [name]: value }),
            resetParams: () => set({}),
            pickFile: async (name, title) => {
              const path = await controller.pickFile(title);
              if (path !== undefined) set({ ...params, [name]: path });
            },
          }}
        />
      ) : (
        <span class="muted">This method has no options.</span>
      )}
      <IconButton icon="close" label="Close the options" testid="close-edit" onClick={onClose} />
    </section>
  );
}

const staleness: Staleness = {
  "model-changed": { text: "A model changed on disk. Showing the previous results.", action: "Run again" },
  "model-deleted": { text: "A model was deleted or moved. Showing the last results." },
  recipe: { text: "A preprocessing recipe changed. Showing the previous results.", action: "Run again" },
};

function progressText({ places, cells }: Snapshot): string {
  const kinds = places.filter(({ removed }) => !removed).map(({ job }) => cells.get(job)?.kind);
  const failed = kinds.filter((kind) => kind === "failed").length;
  return kinds.length && kinds.every((kind) => kind === "done" || kind === "failed")
    ? `${kinds.length - failed} results ready${failed ? `, ${failed} failed` : ""}.`
    : "";
}
