"""Lists the operators of ONNX Runtime's own domains, and whether its CPU build has a kernel for them: contrib.json.

    python contrib.py
"""

import json
import pathlib

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

DOMAINS = ("com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc")
kernels = {(one.domain, one.op_name) for one in state.get_all_opkernel_def() if one.provider == "CPUExecutionProvider"}
found = sorted({(one.domain, one.name) for one in state.get_all_operator_schema() if one.domain in DOMAINS})
text = ",\n".join(json.dumps({"operator": f"{domain}.{name}", "cpu": (domain, name) in kernels}) for domain, name in found)
path = pathlib.Path(__file__).parent / "contrib.json"
path.write_text(f'{{"version": "{onnxruntime.__version__}", "operators": [\n{text}\n]}}\n')
