"""The sample models that everything is tried on, one of every kind, with their inputs, and reference numbers by PyTorch in float64.

    python make.py [NAME...]

NAME: a file beside this one that makes samples (heartbeat, shapes, ...). Writes samples/ and test/models/window/, where README.md says what each
is, and reference.json here. Networks whose answers are to make sense are trained here, in a few minutes on one processor; the others keep their random weights.
"""

from __future__ import annotations

import importlib
import sys

from writing import write

MAKERS = ["heartbeat", "shapes", "pictures", "figures", "texts", "small"]

if __name__ == "__main__":
    chosen = sys.argv[1:] or MAKERS
    made = [sample for name in chosen for sample in importlib.import_module(name).make()]
    write(made, replace=not sys.argv[1:])
