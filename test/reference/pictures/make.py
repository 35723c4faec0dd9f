"""Small pictures in every format that is read, and what Pillow makes of them as RGB (orientation applied).

    python make.py
"""

import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
SAMPLES = HERE.parents[2] / "samples"


def png16(gray: np.ndarray) -> bytes:
    """A 16-bit RGB PNG, which Pillow cannot write: each byte b as b·256 + 77, so that b is what 8 bits keep."""
    height, width, _ = gray.shape
    wide = (gray.astype(np.uint16) * 256 + 77).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in wide)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def main() -> None:
    cat = Image.open(SAMPLES / "cat.png").convert("RGB").crop((160, 100, 191, 123))
    alpha = cat.copy()
    alpha.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 31).astype(np.uint8), (23, 1))))
    index = []

    def save(name: str, image: Image.Image, tolerance: int = 0, **options: object) -> None:
        image.save(HERE / name, **options)
        keep(name, tolerance)

    def keep(name: str, tolerance: int = 0) -> None:
        rgb = ImageOps.exif_transpose(Image.open(HERE / name)).convert("RGB")
        np.save(HERE / f"{name}.npy", np.asarray(rgb))
        index.append({"file": name, "width": rgb.width, "height": rgb.height, "tolerance": tolerance})

    save("rgb.png", cat)
    save("alpha.png", alpha)
    save("gray.png", cat.convert("L"))
    save("palette.png", cat.quantize(16))
    save("one-bit.png", cat.convert("1"))
    (HERE / "deep.png").write_bytes(png16(np.asarray(cat)))
    keep("deep.png")
    save("palette.gif", cat.quantize(32))
    save("rgb.tif", cat)
    save("lossless.webp", cat, lossless=True)
    # Decoders may round the inverse transform and the colour's interpolation differently by a step or two.
    save("rgb.jpg", cat, 3, quality=90, subsampling=0)
    save("gray.jpg", cat.convert("L"), 3, quality=90)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("rotated.jpg", cat, 3, quality=90, subsampling=0, exif=exif)
    save("rgb.bmp", cat)
    save("palette.bmp", cat.quantize(16))
    # A profile that swaps nothing but says so: it must not change a byte.
    from PIL import ImageCms
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    save("profile.png", cat, icc_profile=profile)
    # CMYK with ink in all four: Adobe's marker, none, and YCCK by the marker alone. Profiles are ignored.
    rgb = np.asarray(cat).astype(int)
    black = 255 - rgb.max(2)
    inks = Image.fromarray(np.stack([255 - black - rgb[..., c] for c in range(3)] + [black], -1).clip(0, 255).astype(np.uint8), "CMYK")
    save("cmyk.jpg", inks, 3, quality=90, subsampling=0)
    marked = (HERE / "cmyk.jpg").read_bytes()
    at = marked.index(b"\xff\xee")
    length = 2 + struct.unpack(">H", marked[at + 2:at + 4])[0]
    (HERE / "cmyk-unmarked.jpg").write_bytes(marked[:at] + marked[at + length:])
    keep("cmyk-unmarked.jpg", 3)
    (HERE / "ycck.jpg").write_bytes(marked[:at + length - 1] + b"\x02" + marked[at + length:])
    keep("ycck.jpg", 3)
    save("cmyk-rotated.jpg", inks, 3, quality=90, subsampling=0, exif=exif)
    save("cmyk.tif", inks)
    save("cmyk-profile.tif", inks, compression="tiff_lzw", icc_profile=profile)
    grey_alpha = cat.convert("L")
    grey_alpha.putalpha(alpha.getchannel("A"))
    save("gray-alpha.png", grey_alpha)
    save("palette-alpha.png", cat.quantize(16), transparency=bytes([0, 64] + [255] * 14))
    save("alpha.webp", alpha, lossless=True, exact=True)
    save("rotated.png", cat, exif=exif)
    save("rotated.tif", cat, exif=exif)
    # TIFF's other pixels that are read: a palette, one bit, JPEG inside, 32-bit numbers (cut off at 0 and 255).
    save("palette.tif", cat.quantize(16))
    save("one-bit.tif", cat.convert("1"), compression="group4")
    save("jpeg.tif", cat, 3, compression="jpeg", quality=90)
    save("rgba.tif", alpha)
    heights = np.arange(cat.height * cat.width, dtype=np.float32).reshape(cat.height, cat.width) * 0.75 - 40
    save("float.tif", Image.fromarray(heights))
    save("int.tif", Image.fromarray(heights.astype(np.int32)))
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(entry) for entry in index) + "\n]\n")


if __name__ == "__main__":
    main()
