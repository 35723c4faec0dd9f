import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LayerChoice } from "../../src/protocol/engine.ts";
import { formatShape } from "../ui/format.ts";
import { rove } from "../ui/rove.ts";

/** Every layer's place is as wide as this, in CSS pixels: thousands of layers are a matter of arithmetic. */
const itemWidth = 152;
const spare = 4;

/**
 * The layers from first to last, one to be chosen: moving along with the arrow keys chooses. The layer that is picked by
 * itself says so, as long as none was chosen.
 */
export function LayerStrip({ layers: { layers, defaultLayer }, spatialOnly, chosen, used, onChoose }: {
  readonly layers: { readonly layers: readonly LayerChoice[]; readonly defaultLayer?: string }; readonly spatialOnly: boolean;
  /** What the person chose; undefined: picked by itself. */
  readonly chosen: string | undefined;
  /** What the last result says it used. */
  readonly used: string | undefined;
  readonly onChoose: (layer: string | undefined) => void;
}): VNode {
  const all = useMemo(() => layers.filter((layer) => !spatialOnly || layer.spatial), [layers, spatialOnly]);
  const byItself = chosen === undefined;
  const value = chosen ?? used ?? defaultLayer;
  const place = all.findIndex((layer) => layer.value === value || layer.node === value);
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
    else if (right + itemWidth / 2 > element.scrollLeft + element.clientWidth) element.scrollLeft = right + itemWidth - element.clientWidth;
  }, [place, view.width, all]);

  useLayoutEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    scroller.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const next = rove(event.key, Math.max(0, place), all.length);
    if (next === undefined) return;
    event.preventDefault();
    moved.current = true;
    onChoose(all[next].value);
  };

  if (!all.length) return <p class="note" data-testid="layer-strip">This model has no layer with height and width for this input.</p>;
  const stop = Math.max(0, place);
  const from = Math.max(0, Math.floor(view.left / itemWidth) - spare);
  const to = Math.min(all.length, Math.ceil((view.left + view.width) / itemWidth) + spare);
  const places = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  if (stop < from || stop >= to) places.push(stop);
  return (
    <div class="strip-part">
      <div class="strip-title">
        <h2>Layer</h2>
        <span class="muted" data-testid="layer-note">
          {place < 0 ? `${all.length} layers` : `${place + 1} of ${all.length}${byItself ? ", picked by itself" : ""}`}
        </span>
        {byItself ? null : <button type="button" class="link-button" data-testid="default-layer" onClick={() => onChoose(undefined)}>Pick by itself</button>}
      </div>
      <div class="strip" role="listbox" aria-label="Layers, first to last" aria-orientation="horizontal" data-testid="layer-strip" ref={scroller}
        onKeyDown={onKeyDown} onScroll={(event) => setView({ left: event.currentTarget.scrollLeft, width: event.currentTarget.clientWidth })}>
        <div class="strip-length" role="presentation" style={{ width: `${all.length * itemWidth}px` }}>
          {places.map((one) => {
            const layer = all[one];
            return (
              <div key={one} role="option" class="strip-item" aria-selected={one === place} aria-setsize={all.length} aria-posinset={one + 1}
                tabIndex={one === stop ? 0 : -1} title={`${layer.node}\n${layer.operator} ${formatShape(layer.dims)}`} data-testid={`layer-${one}`} data-value={layer.value}
                style={{ left: `${one * itemWidth}px`, width: `${itemWidth - 4}px` }} onClick={() => onChoose(layer.value)}>
                <span class="strip-name">{shortName(layer)}</span>
                <span class="strip-shape"><span>{layer.operator}</span> <span class="number">{formatShape(layer.dims.slice(1))}</span></span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
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
