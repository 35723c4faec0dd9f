/** Between a menu and the view's edges, in CSS pixels. */
const EDGE = 4;
/** Between a menu and its button. */
const GAP = 2;

/**
 * Lays a menu (position: fixed) below its button, or above where there is more room; where the room is too small it
 * scrolls. Its right edge is the button's, as far as the view allows.
 */
export function placeMenu(menu: HTMLElement, button: HTMLElement): void {
  const { style } = menu;
  const at = button.getBoundingClientRect();
  const { innerWidth: width, innerHeight: height } = window;
  style.maxHeight = "";
  style.maxWidth = `${width - 2 * EDGE}px`;
  const wanted = menu.getBoundingClientRect();
  const below = height - at.bottom - GAP - EDGE;
  const above = at.top - GAP - EDGE;
  const under = wanted.height <= below || below >= above;
  const tall = Math.min(wanted.height, Math.max(0, under ? below : above));
  style.maxHeight = `${tall}px`;
  style.top = `${under ? at.bottom + GAP : at.top - GAP - tall}px`;
  style.left = `${Math.max(EDGE, Math.min(at.right, width - EDGE) - wanted.width)}px`;
}
