import type { Progress } from "./engine.ts";
import { describe, expect, test } from "vitest";
import { Link, RemoteError } from "./link.ts";
import type { Handlers, Wire } from "./link.ts";

interface Kitchen {
  double(request: { readonly value: number }): number;
  wait(request: Record<string, never>): string;
  fail(request: Record<string, never>): void;
}
type Nothing = Record<never, never>;

/** Two ends that hand each other copies, a moment later. */
function wires(): [Wire, Wire] {
  const listeners: [Set<(message: unknown) => void>, Set<(message: unknown) => void>] = [new Set(), new Set()];
  const end = (mine: 0 | 1): Wire => ({
    post: (message) => {
      const copy: unknown = structuredClone(message);
      setTimeout(() => {
        for (const listener of listeners[mine === 0 ? 1 : 0]) listener(copy);
      });
    },
    listen: (receive) => {
      listeners[mine].add(receive);
      return () => listeners[mine].delete(receive);
    },
  });
  return [end(0), end(1)];
}

const handlers: Handlers<Kitchen> = {
  double: ({ value }, { progress }) => {
    progress({ fraction: 0.5, text: "doubling" });
    return value * 2;
  },
  wait: (_, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => setTimeout(() => resolve("late"), 30))),
  fail: () => {
    throw new RemoteError("CookError", "The soup is burnt.", "pot 3", "Open a window.");
  },
};

function connect(): { client: Link<Nothing, Kitchen>; server: Link<Kitchen, Nothing>; far: Wire } {
  const [one, two] = wires();
  return { client: new Link<Nothing, Kitchen>(one, {}), server: new Link<Kitchen, Nothing>(two, handlers), far: two };
}

describe("a link between two sides", () => {
  test("a call is answered, its progress told", async () => {
    const told: string[] = [];
    expect(
      await connect().client.call(
        "double",
        { value: 21 },
        { onProgress: ({ text, fraction }) => told.push(`${text} ${fraction}`) },
      ),
    ).toBe(42);
    expect(told).toEqual(["doubling 0.5"]);
  });

  test("progress carries what there is to show so far", async () => {
    const partial = { views: [], context: { pictures: [] } };
    const [one, two] = wires();
    new Link<Kitchen, Nothing>(two, {
      ...handlers,
      double: ({ value }, { progress }) => {
        progress({ fraction: 0.5, text: "doubling", partial });
        progress({ text: "done" });
        return value * 2;
      },
    });
    const told: Progress[] = [];
    const client = new Link<Nothing, Kitchen>(one, {});
    await client.call("double", { value: 1 }, { onProgress: (progress) => told.push(progress) });
    expect(told).toEqual([{ fraction: 0.5, text: "doubling", partial }, { text: "done" }]);
  });

  test("an error keeps its name, message, place and hint", async () => {
    await expect(connect().client.call("fail", {})).rejects.toMatchObject({
      name: "CookError",
      message: "The soup is burnt.",
      where: "pot 3",
      hint: "Open a window.",
    });
  });

  test("an abort rejects at once; that the other side has really ended is told later", async () => {
    const { client } = connect();
    const abort = new AbortController();
    let answered = false;
    let tell = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const call = client.call(
      "wait",
      {},
      {
        signal: abort.signal,
        onAnswered: () => {
          answered = true;
          tell();
        },
      },
    );
    setTimeout(() => abort.abort(), 10);
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
    expect(answered).toBe(false);
    await ended;
    expect(answered).toBe(true);
  });

  test("when the other side goes, what is pending is rejected and counts as answered", async () => {
    const { client } = connect();
    let answered = 0;
    const call = client.call("wait", {}, { onAnswered: () => answered++ });
    client.close("It has gone.");
    await expect(call).rejects.toMatchObject({ name: "LinkClosedError", message: "It has gone." });
    expect(answered).toBe(1);
    await expect(client.call("double", { value: 1 })).rejects.toMatchObject({ name: "LinkClosedError" });
  });

  test("a method that is not there is an error, inherited names included", async () => {
    const { client } = connect();
    for (const name of ["steal", "toString", "__proto__"]) {
      await expect(client.call(name as "double", { value: 1 })).rejects.toMatchObject({ name: "UnknownMethodError" });
    }
  });

  test("messages of another kind, and answers meant for a page before this one, are ignored", async () => {
    const { client, far } = connect();
    const call = client.call("double", { value: 3 });
    for (const message of [
      null,
      1,
      "ok",
      {},
      { link: "ok" },
      { link: "ok", id: 1, reply: "not mine" },
      { link: "progress", id: 1 },
    ])
      far.post(message);
    expect(await call).toBe(6);
  });
});
