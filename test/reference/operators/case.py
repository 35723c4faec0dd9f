"""What a case is: one operator, its arguments, and the model that has only it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CASES: list["Case"] = []


@dataclass
class Argument:
    """How an argument reaches the operator: as an input of the graph, or as an initializer."""

    array: np.ndarray
    constant: bool = False


def C(array, dtype=None) -> Argument:
    """An initializer."""
    return Argument(np.asarray(array, dtype=dtype), constant=True)


def ints(*values: int) -> Argument:
    """A 1-D int64 initializer, as axes, shapes and pads are given."""
    return Argument(np.asarray(values, dtype=np.int64), constant=True)


@dataclass
class Case:
    name: str
    operator: str
    opset: int
    nodes: list[onnx.NodeProto]
    inputs: dict[str, np.ndarray]
    constants: dict[str, np.ndarray]
    outputs: list[str]
    #: float64 torch tensors by name -> tensors; used in place of onnx.reference, and its note must say why
    torch: Callable | None = None
    #: seeds by output -> gradients by input; for kinks and operators whose gradient is zero by convention
    by_hand: Callable | None = None
    kink: bool = False
    #: the gradient is zero everywhere, as meant
    zero: bool = False
    note: str = ""
    #: why ONNX Runtime cannot check the forward pass
    no_onnxruntime: str = ""
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(zlib.crc32(self.name.encode()))

    @property
    def floats(self) -> dict[str, np.ndarray]:
        return {n: a for n, a in self.inputs.items() if a.dtype == np.float32}

    def seeds(self, outputs: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Multiples of 1/1024 in [-1, 1], so that they are exact in float16 too."""
        return {n: self.rng.integers(-1024, 1025, a.shape).astype(np.float64) / 1024
                for n, a in zip(self.outputs, outputs, strict=True) if a.dtype.kind == "f"}

    def model(self, dtype: type) -> onnx.ModelProto:
        """The model with float tensors of this type."""
        typed = {n: a.astype(dtype) if a.dtype == np.float32 else a for n, a in {**self.inputs, **self.constants}.items()}
        infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(typed[n].dtype), a.shape)
                 for n, a in self.inputs.items()]
        initializers = [numpy_helper.from_array(typed[n], n) for n in self.constants]
        outputs = [onnx.ValueInfoProto(name=n) for n in self.outputs]
        graph = helper.make_graph(self.nodes, self.name, infos, outputs, initializers)
        return helper.make_model(graph, producer_name="neural-loupe reference", ir_version=8 if self.opset < 19 else 10,
                                 opset_imports=[helper.make_opsetid("", self.opset)])


def case(name: str, operator: str, *, opset: int = 18, attrs: dict | None = None, outputs: list[str] | int = 1,
         torch: Callable | None = None, by_hand: Callable | None = None, kink: bool = False, zero: bool = False,
         note: str = "", no_onnxruntime: str = "", nodes: list[onnx.NodeProto] | None = None, **arguments) -> None:
    """Adds a case. Arguments are in the operator's order: an array (graph input), C(array) (initializer) or None (omitted).

    `outputs`: how many, or their names with "" for one that is not asked for. `nodes` in place of the one made here.
    """
    given = {n: a for n, a in arguments.items() if a is not None}
    wrapped = {n: a if isinstance(a, Argument) else Argument(np.asarray(a)) for n, a in given.items()}
    names = [f"y{i}" if outputs > 1 else "y" for i in range(outputs)] if isinstance(outputs, int) else outputs
    if nodes is None:
        inputs = [n if a is not None else "" for n, a in arguments.items()]
        nodes = [helper.make_node(operator, inputs, names, name="the_node", **(attrs or {}))]
    CASES.append(Case(
        name=name, operator=operator, opset=opset, nodes=nodes,
        inputs={n: a.array for n, a in wrapped.items() if not a.constant},
        constants={n: a.array for n, a in wrapped.items() if a.constant},
        outputs=[n for n in names if n], torch=torch, by_hand=by_hand, kink=kink, zero=zero, note=note,
        no_onnxruntime=no_onnxruntime))


def random(*dims: int, low: float = -1.0, high: float = 1.0, seed: int = 0) -> np.ndarray:
    """Uniform float32 in [low, high)."""
    rng = np.random.default_rng([seed, *dims])
    return rng.uniform(low, high, dims).astype(np.float32)


def away(*dims: int, edges: tuple[float, ...] = (0.0,), low: float = -2.0, high: float = 2.0, seed: int = 0) -> np.ndarray:
    """Like `random`, with every value at least 0.05 from each of the edges."""
    values = random(*dims, low=low, high=high, seed=seed)
    for edge in edges:
        near = np.abs(values - edge) < 0.05
        values = np.where(near, edge + np.where(values < edge, -0.05, 0.05) + (values - edge), values)
    return values.astype(np.float32)


def distinct(*dims: int, step: float = 0.05, seed: int = 0) -> np.ndarray:
    """A permutation of evenly spaced values around 0, none of them 0: no two are closer than `step`."""
    count = int(np.prod(dims))
    rng = np.random.default_rng([seed, *dims, 1])
    return ((rng.permutation(count) - count // 2 + 0.37) * step).reshape(dims).astype(np.float32)


FLOAT, DOUBLE, FLOAT16, INT64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.INT64
