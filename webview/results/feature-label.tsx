import type { VNode } from "preact";

/** "name[3, 5]": where room is short the name is cut, not what tells it from its neighbours. */
export function FeatureLabel({ label }: { readonly label: string }): VNode {
  const [place = ""] = /\[[\d, ]+\]$/.exec(label) ?? [];
  return (
    <span class="feature-label">
      <span>{label.slice(0, label.length - place.length)}</span>
      {place}
    </span>
  );
}
