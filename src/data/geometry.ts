import type { ImageRecipe, PictureGeometry } from "../protocol/recipe.ts";

interface Size { readonly width: number; readonly height: number }
interface Rectangle extends Size { readonly left: number; readonly top: number }

/** What of a picture a recipe takes (`from`, in its pixels), and where that comes to lie in the model's (`to`). */
export function placePicture(image: Size, { size: [height, width], fit, cropFraction }: Pick<ImageRecipe, "size" | "fit" | "cropFraction">): { from: Rectangle; to: Rectangle } {
  const all = { left: 0, top: 0, width: image.width, height: image.height };
  const full = { left: 0, top: 0, width, height };
  switch (fit) {
    case "stretch": return { from: all, to: full };
    case "center-crop": {
      const scale = Math.min(image.width / width, image.height / height) * cropFraction;
      return { from: centred(image, clamp(Math.round(width * scale), 1, image.width), clamp(Math.round(height * scale), 1, image.height)), to: full };
    }
    case "pad": {
      const scale = Math.min(width / image.width, height / image.height);
      return { from: all, to: centred({ width, height }, clamp(Math.round(image.width * scale), 1, width), clamp(Math.round(image.height * scale), 1, height)) };
    }
  }
}

/** From the model's pixels back to the picture's: `placePicture` turned around. */
export function pictureGeometry(image: Size, recipe: Pick<ImageRecipe, "size" | "fit" | "cropFraction">): PictureGeometry {
  const { from, to } = placePicture(image, recipe);
  const [scaleX, scaleY] = [from.width / to.width, from.height / to.height];
  return { width: image.width, height: image.height, left: from.left - to.left * scaleX, top: from.top - to.top * scaleY, scaleX, scaleY };
}

function centred(outer: Size, width: number, height: number): Rectangle {
  return { left: Math.floor((outer.width - width) / 2), top: Math.floor((outer.height - height) / 2), width, height };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
