import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LayerChoice } from "../../src/protocol/engine.ts";
import { formatShape } from "../../src/protocol/format.ts";
import { rove } from "../ui/rove.ts";

/** Every layer's place is as wide as this, in CSS pixels: thousands of layers are a matter of arithmetic. */
const itemWidth = 152;
const spare = 4;

/**
 * The layers from first to last, one to be chosen, or several where a method averages them: moving along with the arrow
 * keys chooses, with Shift it adds the next one, Ctrl or Cmd and a click (or the space bar) adds one and takes it away.
 * The layer that is picked by itself says so, as long as none was chosen.
 */
export function LayerStrip({
  layers: { layers, count },
  defaultLayer,
  spatialOnly,
  several,
  chosen,
  used,
  onChoose,
}: {
  readonly layers: { readonly layers: readonly LayerChoice[]; readonly count?: string };
  /** What the method takes by itself. */
  readonly defaultLayer: string | undefined;
  readonly spatialOnly: boolean;
  readonly several: boolean;
  /** What the person chose; none: picked by itself. */
  readonly chosen: readonly string[];
  /** What the last result says it used. */
  readonly used: string | undefined;
  readonly onChoose: (layers: readonly string[]) => void;
}): VNode {
  const all = useMemo(() => layers.filter((layer) => !spatialOnly || layer.spatial), [layers, spatialOnly]);
  const byItself = chosen.length === 0;
  const values = byItself ? [used ?? defaultLayer] : chosen;
  const placeOf = (value: string | undefined): number =>
    all.findIndex((layer) => layer.value === value || layer.node === value);
  const places = values.map(placeOf).filter((place) => place >= 0);
  // The keys start from where they were last, as long as that is one of the chosen.
  const last = useRef<number | undefined>(undefined);
  const place = last.current !== undefined && places.includes(last.current) ? last.current : (places.at(-1) ?? -1);
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ left: 0, width: 800 });
  const moved = useRef(false);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setView({ left: element.scrollLeft, width: element.clientWidth }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = scroller.current;
    if (!element || place < 0) return;
    const [left, right] = [place * itemWidth, (place + 1) * itemWidth];
    // A neighbour stays in sight on either side: one sees that it goes on.
    if (left - itemWidth / 2 < element.scrollLeft) element.scrollLeft = left - itemWidth;
    else if (right + itemWidth / 2 > element.scrollLeft + element.clientWidth)
      element.scrollLeft = right + itemWidth - element.clientWidth;
  }, [place, view.width, all]);

  useLayoutEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    scroller.current?.querySelector<HTMLElement>(`[data-layer-place="${stop}"]`)?.focus({ preventScroll: true });
  });

  const choose = (next: number, keep: boolean): void => {
    const { value } = all[next];
    const shown = places.map((one) => all[one].value);
    if (!several || !keep) onChoose([value]);
    else if (!shown.includes(value)) onChoose([...shown, value]);
    // The last one stays: none means picked by itself.
    else if (shown.length > 1) onChoose(shown.filter((one) => one !== value));
    last.current = next;
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey) return;
    const target = event.target instanceof HTMLElement ? Number(event.target.dataset.layerPlace ?? NaN) : NaN;
    if (event.key === " " && several && Number.isInteger(target)) {
      event.preventDefault();
      moved.current = true;
      choose(target, true);
      return;
    }
    const next = event.ctrlKey || event.metaKey ? undefined : rove(event.key, Math.max(0, place), all.length);
    if (next === undefined) return;
    event.preventDefault();
    moved.current = true;
    // Onto one that is chosen already Shift moves without taking it away.
    if (event.shiftKey && several && places.includes(next)) last.current = next;
    else choose(next, event.shiftKey);
    setView((before) => ({ ...before }));
  };

  if (!all.length)
    return (
      <p class="note" data-testid="layer-strip">
        This model has no layer with height and width for this input.
      </p>
    );
  const stop = Math.max(0, place);
  const from = Math.max(0, Math.floor(view.left / itemWidth) - spare);
  const to = Math.min(all.length, Math.ceil((view.left + view.width) / itemWidth) + spare);
  const drawn = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  if (stop < from || stop >= to) drawn.push(stop);
  // Feature maps take any layer, maps over the picture only those that have one: the counts differ, and say of what
  // they are.
  const counted = all.length < layers.length ? `${all.length} with height and width` : String(all.length);
  const note =
    places.length > 1
      ? `${places.length} of ${counted}, averaged`
      : place < 0
        ? `${counted}${all.length < layers.length ? "" : " layers"}`
        : `${place + 1} of ${counted}${byItself ? ", automatic" : ""}`;
  const why = [
    all.length < layers.length
      ? `Of ${layers.length} layers; the others have no height and width for this input`
      : undefined,
    count,
  ]
    .filter((sentence) => sentence !== undefined)
    .join(". ");
  return (
    <div class="strip-part">
      <div class="strip-title">
        <h2>{places.length > 1 ? "Layers" : "Layer"}</h2>
        <span class="muted" data-testid="layer-note" title={why === "" ? undefined : why}>
          {note}
        </span>
        {why === "" ? null : <span class="visually-hidden">{why}</span>}
        {byItself ? null : (
          <button type="button" class="link-button" data-testid="default-layer" onClick={() => onChoose([])}>
            Automatic
          </button>
        )}
        {several ? (
          <span class="muted when-wide strip-hint" data-testid="several-hint">
            {isMac ? "⌘" : "Ctrl"}+click averages several
          </span>
        ) : null}
      </div>
      <div
        class="strip"
        role="listbox"
        aria-label="Layers, first to last"
        aria-orientation="horizontal"
        aria-multiselectable={several}
        data-testid="layer-strip"
        ref={scroller}
        onKeyDown={onKeyDown}
        onScroll={(event) => setView({ left: event.currentTarget.scrollLeft, width: event.currentTarget.clientWidth })}
      >
        <div class="strip-length" role="presentation" style={{ width: `${all.length * itemWidth}px` }}>
          {drawn.map((one) => {
            const layer = all[one];
            return (
              <div
                key={one}
                role="option"
                class="strip-item"
                aria-selected={places.includes(one)}
                aria-setsize={all.length}
                aria-posinset={one + 1}
                tabIndex={one === stop ? 0 : -1}
                title={`${layer.node}\n${layer.operator} ${formatShape(layer.dims)}${isGrid(layer) ? `, tokens as ${layer.size!.join("×")}` : ""}`}
                data-testid={`layer-${one}`}
                data-value={layer.value}
                data-layer-place={one}
                style={{ left: `${one * itemWidth}px`, width: `${itemWidth - 4}px` }}
                onClick={(event) => choose(one, event.ctrlKey || event.metaKey)}
              >
                <span class="strip-name">{shortName(layer)}</span>
                <span class="strip-shape">
                  <span>{layer.operator}</span> <span class="number">{shapeText(layer)}</span>
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** As high as the layers will be: what stands below does not move when they are there. */
export function LayerStripPlace(): VNode {
  return (
    <div class="strip-part" aria-hidden="true">
      <div class="strip-title">
        <h2>Layer</h2>
        <span class="muted">Running the model for its layers…</span>
      </div>
      <div class="strip">
        <div class="strip-length" />
      </div>
    </div>
  );
}

const isMac = navigator.platform.startsWith("Mac");

/** Whether places lie after one another, as tokens do. */
function isGrid({ size, dims }: LayerChoice): boolean {
  return size !== undefined && size.length > dims.length - 2;
}

/** A layer's shape without the batch; of tokens, their grid and how many channels each has. */
function shapeText(layer: LayerChoice): string {
  return isGrid(layer) ? `${layer.size!.join("×")} · ${layer.dims.at(-1)}` : formatShape(layer.dims.slice(1));
}

/** As many characters as a place is wide enough for. */
const room = 18;

/** The end of a layer's name, which tells it from its neighbours; without the operator, which stands below it. */
function shortName({ node, operator }: LayerChoice): string {
  const parts = node.split("/").filter(Boolean);
  if (parts.length > 1 && parts[parts.length - 1].startsWith(operator)) parts.pop();
  const name = parts.slice(-2).join("/") || node;
  return name.length > room ? `…${name.slice(1 - room)}` : name;
}
