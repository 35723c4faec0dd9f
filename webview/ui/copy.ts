import { RemoteError } from "../../src/protocol/link.ts";

/**
 * Puts a picture (PNG) on the clipboard, of which the extension tells the person; where that is not allowed, an error
 * says what to do instead. `what` with its article: "the image".
 */
export async function copyPicture(
  what: string,
  make: () => Promise<Uint8Array<ArrayBuffer>>,
  page: { copied(what: string): void; fail(error: unknown): void },
): Promise<void> {
  try {
    const png = await make();
    await navigator.clipboard.write([new ClipboardItem({ "image/png": new Blob([png], { type: "image/png" }) })]);
    page.copied(what);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    page.fail(new RemoteError("CopyError", `Could not copy ${what}: ${reason}`, undefined, "Save it as PNG instead."));
  }
}
