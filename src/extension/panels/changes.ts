import { RemoteError } from "../../protocol/link.ts";

/** Throws a UsageError where something that was given is not in what is left of it. */
export function refuseChanges(given: unknown, sound: unknown): void {
  // Options of methods that there are no more, or that cannot be shown here, run nowhere.
  const place = changedPlaces(given, sound).find((one) => !/^(base\.)?params\.[^.]*$/.test(one));
  if (place === undefined) return;
  throw new RemoteError(
    "UsageError",
    `The panel's "${place}" is not valid, so nothing was run.`,
    place,
    "Choose it again, or reload the panel.",
  );
}

/**
 * A sound state of what VS Code kept for a tab, perhaps by an earlier version: `read` gives it, or undefined where too
 * little is left. What of it is dropped is one line in the log.
 */
export function restoreState<State>(
  kept: unknown,
  read: (kept: unknown) => State | undefined,
  log: (line: string) => void,
): State | undefined {
  const state = read(kept);
  const dropped = state === undefined ? [] : changedPlaces(kept, state);
  if (state === undefined) log("not restored: the saved state does not say what it showed");
  else if (dropped.length > 0) log(`restored without ${dropped.join(", ")}`);
  return state;
}

/** Places whose values are not the same in `sound`; what only `sound` has, its defaults, is no change. */
function changedPlaces(given: unknown, sound: unknown, place = ""): string[] {
  if (given === undefined || Object.is(given, sound)) return [];
  if (sound === undefined && isObject(given) && Object.keys(given).length === 0) return [];
  if (!isObject(given) || !isObject(sound) || Array.isArray(given) !== Array.isArray(sound)) return [place];
  if (Array.isArray(given) && given.length !== (sound as readonly unknown[]).length) return [place];
  return Object.entries(given).flatMap(([key, value]) =>
    changedPlaces(value, (sound as Record<string, unknown>)[key], place === "" ? key : `${place}.${key}`),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
