"""Arrays written by NumPy itself: every dtype that is read, both byte orders, both axis orders, all header versions.

    python make.py
"""

import json
import pathlib

import numpy as np
from numpy.lib import format as npy_format

HERE = pathlib.Path(__file__).parent
SHAPE = (2, 3, 4)


def main() -> None:
    index = []

    def save(name: str, array: np.ndarray, version: tuple[int, int] | None = None) -> None:
        with open(HERE / f"{name}.npy", "wb") as file:
            npy_format.write_array(file, array, version=version, allow_pickle=True)
        if array.dtype.kind in "biuf":
            values = [str(v) if array.dtype.kind in "iu" else repr(float(v)) for v in array.ravel(order="C")]
            index.append({"file": f"{name}.npy", "dtype": array.dtype.name, "dims": list(array.shape), "values": values})

    counting = np.arange(24).reshape(SHAPE)
    for code in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]:
        signed = code[0] != "u"
        values = (counting - (11 if signed else 0)) * (0.37 if code[0] == "f" else 3)
        for order in "<>" if code[1] != "1" else "|":
            save(f"{code}-{'big' if order == '>' else 'little'}", values.astype(order + code))
    save("bool", counting % 3 == 0)
    save("int64-extremes", np.array([-(2**63), -(2**53) - 1, 0, 2**53 + 1, 2**63 - 1]))
    save("float-special", np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.5]))
    save("float16-special", np.array([6e-8, 65504, 1 / 3, -0.0, np.inf], dtype=np.float16))
    save("fortran", np.asfortranarray(counting.astype(np.float32)))
    save("fortran-big", np.asfortranarray(counting.astype(">f8")))
    save("scalar", np.array(2.5))
    save("vector", np.arange(3, dtype=np.float32))
    save("empty", np.zeros((0, 4), np.float32))
    save("version2", counting.astype(np.float32), (2, 0))
    save("version3", counting.astype(np.float32), (3, 0))
    save("object", np.array([{"a": 1}], dtype=object))
    save("record", np.zeros(2, dtype=[("x", "f4"), ("y", "i4")]))
    save("text", np.array(["a", "bc"]))
    save("complex", np.zeros(2, np.complex64))
    np.savez(HERE / "plain.npz", images=counting.astype(np.float32), mask=np.ones((1, 5), np.int64))
    np.savez_compressed(HERE / "compressed.npz", images=counting.astype(np.float32), mask=np.ones((1, 5), np.int64))
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(entry) for entry in index) + "\n]\n")


if __name__ == "__main__":
    main()
