"""
Writes src/draw/font/glyphs.json: the outlines and advances of the font that pictures are labelled in, taken from
Debian's fonts-croscore (Arimo 1.33) and, for signs that it lacks, fonts-dejavu-core (DejaVu Sans 2.37). And
reference.json, which the tests compare with: advances of texts by the font's own table, and characters as FreeType draws
them, unhinted, at sizes in pixels.

    apt-get install fonts-croscore fonts-dejavu-core

Each character has its advance in 1/2048 em, a space, and its outline: base64 of variable-length integers (7 bits each,
the lowest first) for the number of contours; for each its number of points; for each point 2 * zigzag(dx) + (1 on the
curve, 0 a quadratic's control point) and zigzag(dy) from the point before, in 1/1024 em, y upwards. A composite has the
characters it is made of and where they lie: "=e,0,0 ´,184,0".
"""

import base64
import json
from pathlib import Path

import freetype
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

ARIMO = "/usr/share/fonts/truetype/croscore/Arimo-Regular.ttf"
DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
HERE = Path(__file__).parent
UNITS = 2048
OUTLINE_UNITS = 1024

# Hebrew and Arabic, which are read from right to left, are left out: they would be drawn backwards.
SHIPPED = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x18F, 0x18F), (0x192, 0x192), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x1CD, 0x1DC),
    (0x218, 0x21B), (0x2C6, 0x2DD), (0x300, 0x30C), (0x323, 0x323), (0x37E, 0x3D6), (0x400, 0x45F), (0x490, 0x491),
    (0x1E80, 0x1E85), (0x1EA0, 0x1EF9), (0x2010, 0x2026), (0x2030, 0x2044), (0x2070, 0x209F), (0x20AC, 0x20AC),
    (0x2113, 0x2113), (0x2122, 0x2122), (0x2126, 0x2126), (0x212E, 0x212E), (0x215B, 0x215E),
    (0x1D2C, 0x1D6A), (0x2C7C, 0x2C7C), (0x2102, 0x2102), (0x211D, 0x211D), (0x2115, 0x2115), (0x2124, 0x2124),
    (0x2190, 0x2199), (0x21A6, 0x21A6), (0x21D0, 0x21D4), (0x2308, 0x230B), (0x2318, 0x2318), (0x23CE, 0x23CE),
    (0x2423, 0x2423), (0x2713, 0x2713), (0x2717, 0x2717), (0x27E8, 0x27E9), (0x2200, 0x226B), (0x2282, 0x2289),
    (0x2295, 0x2299), (0x22C5, 0x22C5), (0x2500, 0x2500), (0x2502, 0x2502), (0x2580, 0x2593), (0x25A0, 0x25A1),
    (0x25B2, 0x25B4), (0x25B6, 0x25B8), (0x25BC, 0x25BE), (0x25C0, 0x25C2), (0x25CB, 0x25CF), (0xFFFD, 0xFFFD),
]  # fmt: skip

TEXTS = [
    "Target: Egyptian cat, 285 of logits",
    "magnitude of the gradient |∂y/∂x|",
    "Attribution × input, −1.25 ± 0.5, ≥ 2.179e−10, σ² = √π, 8 °C, α β µ Δ Σ ∞ · …",
    "Größe, naïve, Łódź, Đặng, Ångström",
    "Ελληνικά: ΑΒΓ αβγ",
    "Кириллица: Жук, щука, ёж",
    "AVATAR To Wa fi ff 11 1.1",
]
DRAWN = [(character, size) for character in "Ag08@&é∂Σ−×μЖψ∇⏎" for size in (10, 20, 30)]


def main() -> None:
    arimo, dejavu = TTFont(ARIMO), TTFont(DEJAVU)
    for font in (arimo, dejavu):
        assert font["head"].unitsPerEm == UNITS
    glyphs = {}
    for font in (arimo, dejavu):
        names = font.getBestCmap()
        characters = {}
        for low, high in SHIPPED:
            for code in range(low, high + 1):
                if code in names and chr(code) not in glyphs:
                    characters[chr(code)] = names[code]
        by_name = {}
        for character, name in characters.items():
            by_name.setdefault(name, character)
        for character, name in characters.items():
            glyphs[character] = f"{font['hmtx'][name][0]} {outline(font, character, name, by_name)}"
    out = HERE.parent.parent.parent / "src/draw/font/glyphs.json"
    out.write_text(json.dumps(glyphs, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(glyphs)} glyphs, {out.stat().st_size} bytes")
    reference = {"widths": widths(arimo), "drawn": [drawn(*one) for one in DRAWN]}
    (HERE / "reference.json").write_text(json.dumps(reference, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def widths(font: TTFont) -> list[dict]:
    """The sums of the advance table's entries, in units of 1/2048 em."""
    names = font.getBestCmap()
    advance = lambda text: sum(font["hmtx"][names[ord(character)]][0] for character in text)  # noqa: E731
    return [{"text": text, "width": advance(text)} for text in TEXTS]


def drawn(character: str, size: int) -> dict:
    """left and top: of the bitmap, from the origin, upwards; alpha: rows from the top, a byte for each pixel."""
    face = freetype.Face(ARIMO if character not in "∇⏎" else DEJAVU)
    face.set_pixel_sizes(0, size)
    face.load_char(character, freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_HINTING)
    bitmap = face.glyph.bitmap
    rows = [bytes(bitmap.buffer[y * bitmap.pitch : y * bitmap.pitch + bitmap.width]) for y in range(bitmap.rows)]
    return {
        "character": character,
        "size": size,
        "left": face.glyph.bitmap_left,
        "top": face.glyph.bitmap_top,
        "width": bitmap.width,
        "height": bitmap.rows,
        "alpha": base64.b64encode(b"".join(rows)).decode(),
    }


def outline(font: TTFont, character: str, name: str, by_name: dict[str, str]) -> str:
    if by_name[name] != character:
        return f"={by_name[name]},0,0"
    glyph = font["glyf"][name]
    if glyph.isComposite():
        parts = [(by_name.get(part.glyphName), part) for part in glyph.components]
        if all(one and not hasattr(part, "transform") and hasattr(part, "x") for one, part in parts):
            return "=" + " ".join(f"{one},{halve(part.x)},{halve(part.y)}" for one, part in parts)
    pen = DecomposingRecordingPen(font.getGlyphSet())
    font.getGlyphSet()[name].draw(pen)
    simple = TTGlyphPen(None)
    pen.replay(simple)
    flat = simple.glyph()
    return base64.b64encode(encode(flat)).decode().rstrip("=")


def encode(glyph) -> bytes:
    if not glyph.numberOfContours:
        return b""
    ends, out = list(glyph.endPtsOfContours), bytearray()
    out += variable(len(ends))
    at_x = at_y = start = 0
    for end in ends:
        out += variable(end + 1 - start)
        for i in range(start, end + 1):
            x, y = (halve(value) for value in glyph.coordinates[i])
            out += variable(2 * zigzag(x - at_x) + (glyph.flags[i] & 1)) + variable(zigzag(y - at_y))
            at_x, at_y = x, y
        start = end + 1
    return bytes(out)


def halve(value: float) -> int:
    return round(value * OUTLINE_UNITS / UNITS)


def zigzag(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1


def variable(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(128 | (value & 127))
        value >>= 7
    out.append(value)
    return bytes(out)


if __name__ == "__main__":
    main()
