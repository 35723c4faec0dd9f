import type { VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { fitMiddle } from "./fit-middle.ts";
import { useWidth } from "./hooks.ts";

/** A text that is cut in its middle where it does not fit, between letters; screen readers have the whole of it. */
export function MiddleText({ text }: { readonly text: string }): VNode {
  const element = useRef<HTMLSpanElement>(null);
  const width = useWidth(element);
  const fonts = useFonts();
  const [shown, setShown] = useState(text);
  useLayoutEffect(() => {
    if (!element.current || width === 0) return setShown(text);
    const { font } = getComputedStyle(element.current);
    setShown(fitMiddle(text, width, (part) => widthOf(part, font)));
  }, [text, width, fonts]);
  return (
    <span class="middle" ref={element}>
      {shown === text ? (
        text
      ) : (
        <>
          <span class="middle-cut" aria-hidden="true">
            {shown}
          </span>
          <span class="visually-hidden">{text}</span>
        </>
      )}
    </span>
  );
}

/** Grows by one when a font has been loaded: what was measured in another is measured again. */
function useFonts(): number {
  const [version, setVersion] = useState(0);
  useLayoutEffect(() => {
    const next = (): void => setVersion((before) => before + 1);
    document.fonts.addEventListener("loadingdone", next);
    return () => document.fonts.removeEventListener("loadingdone", next);
  }, []);
  return version;
}

let context: CanvasRenderingContext2D | null | undefined;

/** In CSS pixels, as the browser lays it out. */
function widthOf(text: string, font: string): number {
  context ??= document.createElement("canvas").getContext("2d");
  if (!context) return 0;
  if (context.font !== font) context.font = font;
  return context.measureText(text).width;
}
