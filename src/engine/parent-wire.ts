import type { Wire } from "../protocol/link.ts";

/**
 * The engine's end of the pipe to the process that forked it. Sending serialises at once (v8's structured clone), so no
 * buffer is shared and none may be changed later by mistake; typed arrays go as the bytes they cover, whatever buffer they lie in.
 */
export function parentWire(host: NodeJS.Process): Wire {
  return {
    post: (message) => {
      // When the parent has gone, "disconnect" ends this process: there is nobody to tell.
      if (host.connected) host.send?.(message, undefined, undefined, () => undefined);
    },
    listen: (receive) => {
      host.on("message", receive);
      return () => host.off("message", receive);
    },
  };
}
