import type { VNode } from "preact";
import type { ModelDescription } from "../../src/protocol/model.ts";

/** What kind of work an operator does, as a colour (model.css). */
export function Dot({
  operator,
  among,
}: {
  readonly operator: string;
  readonly among: ModelDescription["operators"];
}): VNode {
  const family = among.find((one) => one.operator === operator)?.family;
  return <i class="dot" data-family={family} aria-hidden="true" />;
}
