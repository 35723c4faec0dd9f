import { LARGEST_SIDE } from "./validate.ts";
import { isRecord } from "../protocol/json.ts";

/** A size as transformers write it: 224, { height, width }, { shortest_edge }, [224, 224]. */
export function sides(json: unknown): [number, number] | undefined {
  const object = isRecord(json) ? json : {};
  const shortest = object.shortest_edge;
  const pair: readonly unknown[] = Array.isArray(json)
    ? json.length === 1
      ? [json[0], json[0]]
      : json
    : isRecord(json)
      ? [object.height ?? shortest, object.width ?? shortest]
      : [json, json];
  const isSide = (side: unknown): side is number =>
    Number.isInteger(side) && (side as number) >= 1 && (side as number) <= LARGEST_SIDE;
  const [height, width] = pair;
  return pair.length === 2 && isSide(height) && isSide(width) ? [height, width] : undefined;
}

export function perChannel(json: unknown): readonly number[] | undefined {
  const list: readonly unknown[] = Array.isArray(json) ? json : [json];
  if (list.length !== 1 && list.length !== 3) return undefined;
  return list.every((one): one is number => typeof one === "number" && Number.isFinite(one)) ? list : undefined;
}

export function fraction(json: unknown): number | undefined {
  return typeof json === "number" && json >= 0.01 && json <= 1 ? json : undefined;
}

export function finite(json: unknown): number {
  return typeof json === "number" && Number.isFinite(json) ? json : 0;
}
