import type { ImageRecipe, PictureGeometry } from "../protocol/recipe.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}
interface Rectangle extends Size {
  readonly left: number;
  readonly top: number;
}
type Fitting = Pick<ImageRecipe, "size" | "fit" | "cropFraction">;

/**
 * What of a picture a recipe takes (`from`, in its pixels), and where that comes to lie in the model's (`to`): inside,
 * or beyond its borders, where it is cut off.
 */
export function placePicture(image: Size, recipe: Fitting): { from: Rectangle; to: Rectangle } {
  const {
    size: [height, width],
    fit,
    cropFraction,
  } = recipe;
  const all = { left: 0, top: 0, width: image.width, height: image.height };
  const full = { left: 0, top: 0, width, height };
  switch (fit) {
    case "stretch":
      return { from: all, to: full };
    case "center-crop": {
      const scale = Math.min(image.width / width, image.height / height) * cropFraction;
      return {
        from: centred(
          image,
          clamp(Math.round(width * scale), 1, image.width),
          clamp(Math.round(height * scale), 1, image.height),
        ),
        to: full,
      };
    }
    case "resize-crop": {
      const [shorter, least] = [resizedSide(Math.min(width, height), recipe), Math.min(image.width, image.height)];
      const side = (length: number): number => (length === least ? shorter : Math.floor((shorter * length) / least));
      return { from: all, to: around(full, side(image.width), side(image.height)) };
    }
    case "stretch-crop":
      return { from: all, to: around(full, resizedSide(width, recipe), resizedSide(height, recipe)) };
    case "pad": {
      const scale = Math.min(width / image.width, height / image.height);
      return {
        from: all,
        to: centred(
          { width, height },
          clamp(Math.round(image.width * scale), 1, width),
          clamp(Math.round(image.height * scale), 1, height),
        ),
      };
    }
  }
}

/**
 * The side that a picture is resized to before `side` pixels of it are cropped: what is a whole number but for rounding
 * is that number.
 */
export function resizedSide(side: number, { cropFraction }: Pick<ImageRecipe, "cropFraction">): number {
  return Math.max(1, Math.floor(side / cropFraction + 1e-6));
}

/** From the model's pixels back to the picture's: `placePicture` turned around. */
export function pictureGeometry(image: Size, recipe: Fitting): PictureGeometry {
  const { from, to } = placePicture(image, recipe);
  const [scaleX, scaleY] = [from.width / to.width, from.height / to.height];
  return {
    width: image.width,
    height: image.height,
    left: from.left - to.left * scaleX,
    top: from.top - to.top * scaleY,
    scaleX,
    scaleY,
  };
}

function centred(outer: Size, width: number, height: number): Rectangle {
  return { left: Math.floor((outer.width - width) / 2), top: Math.floor((outer.height - height) / 2), width, height };
}

/**
 * Centred as transformers' center_crop does: of an odd rest, the smaller half is cut off on the left, the larger border
 * lies there.
 */
function around(inner: Size, width: number, height: number): Rectangle {
  return { left: -Math.floor((width - inner.width) / 2), top: -Math.floor((height - inner.height) / 2), width, height };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
