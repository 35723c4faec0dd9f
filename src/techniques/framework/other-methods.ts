import { NoGradientError, RuledOutError, type Obstacle } from "../../model/errors.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";

/** Which methods do without what a model does not allow. */
const OTHERS: Readonly<Record<Obstacle, { readonly which: string; readonly works: (info: TechniqueInfo) => boolean }>> =
  {
    gradient: {
      which: "Methods that only run the model forward",
      works: ({ needs }) => !needs.gradient && !needs.pooledHead,
    },
    "input gradient": {
      which: "Methods that begin at a later layer",
      works: ({ needs, group, params }) =>
        needs.gradient &&
        needs.layer !== "none" &&
        group !== "neurons" &&
        !params.some(({ name }) => name === "baseline"),
    },
    "spatial layer": {
      which: "Methods that need no such layer",
      works: ({ needs }) => needs.target && needs.layer !== "spatial" && !needs.pooledHead,
    },
    "forward runs that compare": { which: "Gradient methods", works: ({ needs }) => needs.gradient },
    "baseline that compares": {
      which: "Gradient methods without a baseline",
      works: ({ needs, params }) => needs.gradient && !params.some(({ name }) => name === "baseline"),
    },
  };

/** The same error; where it rules methods out, its hint also says which of the catalogue still work. */
export function withOtherMethods(error: unknown, catalogue: readonly TechniqueInfo[]): unknown {
  if (!(error instanceof NoGradientError || error instanceof RuledOutError)) return error;
  const own = "hint" in error ? error.hint : undefined;
  const others = error.obstacles.map((obstacle) => othersThan(obstacle, catalogue));
  return Object.assign(error, { hint: [own, ...others].filter(Boolean).join(" ") });
}

/** One method of each family stands for it. */
function othersThan(obstacle: Obstacle, catalogue: readonly TechniqueInfo[]): string {
  const { which, works } = OTHERS[obstacle];
  const families = new Map<string, string>();
  for (const info of catalogue)
    if (info.group !== "checks" && works(info) && !families.has(info.group)) families.set(info.group, info.title);
  return `${which} still work, such as ${[...families.values()].join(", ")}.`;
}
