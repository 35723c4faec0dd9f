// The program behind `npm run gallery`: scripts/gallery.mjs loads it built.
import { PageServer, views } from "../serve.ts";

/** Builds all pages and serves the gallery; gives its address. */
export async function openGallery(root: string, port: number): Promise<string> {
  return (await PageServer.start(root, views, port)).address;
}
