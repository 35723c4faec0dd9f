import type { Wire } from "../protocol/link.ts";
import { partsOf } from "../protocol/pieces.ts";

/**
 * The engine's end of the pipe to the process that forked it. Sending serialises at once (v8's structured clone), so no
 * buffer is shared and none may be changed later by mistake; typed arrays go as the bytes they cover, whatever buffer
 * they lie in. Long ones go in pieces: the extension host reads each by itself, and does other things in between.
 */
export function parentWire(host: NodeJS.Process): Wire {
  return {
    post: (message) => {
      // When the parent has gone, "disconnect" ends this process: there is nobody to tell.
      for (const part of partsOf(message)) if (host.connected) host.send?.(part, undefined, undefined, () => undefined);
    },
    listen: (receive) => {
      host.on("message", receive);
      return () => host.off("message", receive);
    },
  };
}
