import { NoGradientError, RuledOutError } from "../../model/errors.ts";
import { rulesOut, type Obstacle } from "../../protocol/obstacles.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";

/** What those methods are called that still work, and which of those that are not ruled out answer the same question. */
const OTHERS: Readonly<
  Partial<Record<Obstacle, { readonly which: string; readonly alike?: (info: TechniqueInfo) => boolean }>>
> = {
  gradient: { which: "Methods that only run the model forward" },
  "float input": { which: "Methods that begin at a later layer", alike: ({ needs }) => needs.gradient },
  "spatial layer": {
    which: "Methods that need no such layer",
    alike: ({ needs }) => needs.target && !needs.pooledHead,
  },
  "pooled head": { which: "Methods that need no such head", alike: ({ needs }) => needs.target },
  "forward runs that compare": { which: "Gradient methods", alike: ({ needs }) => needs.gradient },
  "baseline that compares": { which: "Gradient methods without a baseline", alike: ({ needs }) => needs.gradient },
};

/** The same error; where it rules methods out, its hint also says which of the catalogue still work. */
export function withOtherMethods(error: unknown, catalogue: readonly TechniqueInfo[]): unknown {
  if (!(error instanceof NoGradientError || error instanceof RuledOutError)) return error;
  const own = "hint" in error ? error.hint : undefined;
  const others = error.obstacles.map((obstacle) => othersThan(obstacle, catalogue));
  return Object.assign(error, { hint: [own, ...others].filter(Boolean).join(" ") });
}

/** One method of each family stands for it. */
function othersThan(obstacle: Obstacle, catalogue: readonly TechniqueInfo[]): string | undefined {
  const others = OTHERS[obstacle];
  if (others === undefined) return undefined;
  const { which, alike = () => true } = others;
  const families = new Map<string, string>();
  for (const info of catalogue)
    if (info.group !== "checks" && !rulesOut(obstacle, info) && alike(info) && !families.has(info.group))
      families.set(info.group, info.title);
  return `${which} still work, such as ${[...families.values()].join(", ")}.`;
}
