import { describe, expect, test } from "vitest";
import { messagePage, webviewPage } from "./html.ts";
import { withOwnBuffers } from "./own-buffers.ts";
import { packNumbers, unpackNumbers } from "../protocol/numbers.ts";

describe("what is posted to a webview", () => {
  test("every typed array owns its buffer, with the same numbers", () => {
    const buffer = new ArrayBuffer(4096);
    const values = new Float32Array(buffer, 64, 3).fill(2.5);
    const bytes = new Uint8Array(buffer, 100, 4);
    const copy = withOwnBuffers({ result: { values, list: [bytes, 1, "a", null] }, whole: new Float32Array([1]) });
    expect(copy.result.values).toEqual(values);
    expect(copy.result.values.buffer.byteLength).toBe(12);
    expect((copy.result.list[0] as Uint8Array).buffer.byteLength).toBe(4);
    expect(copy.result.list.slice(1)).toEqual([1, "a", null]);
  });

  test("Node's Buffers become plain bytes of their own", () => {
    const copy = withOwnBuffers(Buffer.from("abc"));
    expect(copy.constructor).toBe(Uint8Array);
    expect(copy.buffer.byteLength).toBe(3);
  });
});

describe("a webview's page", () => {
  const page = webviewPage({
    cspSource: "https://webview",
    script: "https://webview/panel.js",
    style: "https://webview/panel.css",
    title: "<b>\"net\"</b> & 'co'.onnx",
  });

  test("runs one script, by nonce, and lets nothing else in", () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? "";
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).not.toContain("unsafe-eval");
    const nonce = /script-src 'nonce-([^']+)'$/.exec(policy)?.[1];
    expect(nonce).toHaveLength(24);
    expect(page.match(/<script[^>]*>/g)).toEqual([`<script nonce="${nonce}" src="https://webview/panel.js">`]);
  });

  test("shows a file's name as text, whatever is in it", () => {
    expect(page).not.toContain("<b>");
    expect(page).toContain("&#60;b&#62;&#34;net&#34;&#60;/b&#62; &#38; &#39;co&#39;.onnx");
    expect(messagePage("x", "<i>", ["a < b"], [{ text: "<u>", command: 'c"' }])).not.toMatch(/<i>|<u>|c"</);
  });

  test("has another nonce each time", () => {
    expect(webviewPage({ cspSource: "", script: "", style: "", title: "" })).not.toBe(
      webviewPage({ cspSource: "", script: "", style: "", title: "" }),
    );
  });
});

describe("numbers that JSON has none for", () => {
  test("come through VS Code's JSON as they were", () => {
    const message = { link: "ok", reply: { min: NaN, list: [1, -Infinity, Infinity, "NaN", null], deep: { zero: 0 } } };
    expect(unpackNumbers(JSON.parse(JSON.stringify(packNumbers(message))))).toEqual(message);
  });

  test("typed arrays are left alone, numbers in them included", () => {
    const values = new Float32Array([NaN, 1]);
    expect((packNumbers({ values }) as { values: unknown }).values).toBe(values);
  });
});
