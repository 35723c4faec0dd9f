"""Writes src/model/operators/formal-parameters.ts from the schemas of onnx and onnxruntime (run from the repository's root).

python test/reference/onnx-files/formal_parameters.py > src/model/operators/formal-parameters.ts
"""

import collections
import re

import onnx
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import get_all_operator_schema

VARIADIC = 2


def table(path):
    """The operators that a table of src/model/operators has a row for."""
    return re.findall(r"^(\S+) \| ", open(f"src/model/operators/{path}.ts").read(), re.MULTILINE)


def listed(parameters):
    names = []
    for parameter in parameters:
        option = getattr(parameter.option, "value", parameter.option)
        names.append(parameter.name.rstrip(".") + ("..." if int(option) == VARIADIC else ""))
    return names


versions = collections.defaultdict(list)
for schema in [*onnx.defs.get_all_schemas_with_history(), *get_all_operator_schema()]:
    name = f"{schema.domain}.{schema.name}".lstrip(".")
    if not any(version == schema.since_version for version, *_ in versions[name]):
        versions[name].append((schema.since_version, listed(schema.inputs), listed(schema.outputs)))

rows = []
for name in table("standard") + table("ml") + table("microsoft"):
    known = sorted(versions[name])
    kept = []
    for version, inputs, outputs in known:
        # A later version that only adds to the end goes for the earlier ones, too.
        if kept and all(now[: len(then)] == then for then, now in zip(kept[-1][1:], (inputs, outputs))):
            kept[-1] = (kept[-1][0], inputs, outputs)
        else:
            kept.append((version, inputs, outputs))
    for version, inputs, outputs in kept:
        since = f"@{version}" if len(kept) > 1 else ""
        rows.append(" ".join([f"{name}{since}", *inputs, ">", *outputs]))

print(f"""// Made by test/reference/onnx-files/formal_parameters.py from onnx {onnx.__version__} and onnxruntime {onnxruntime.__version__}.

/**
 * Operator, its inputs > its outputs, as the specification names them. "..." takes all that follow; "@" is the opset
 * that a row begins at.
 */
export const FORMAL_PARAMETERS = `""")
print("\n".join(rows))
print("`;")
