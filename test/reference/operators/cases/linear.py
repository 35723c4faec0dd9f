"""Gemm, MatMul, Einsum."""

import numpy as np

from case import C, case, random

a, b = random(3, 4, seed=1), random(4, 5, seed=2)
case("Gemm", "Gemm", opset=13, a=a, b=b, c=random(5, seed=3))
case("Gemm no C", "Gemm", opset=13, a=a, b=b)
case("Gemm transB", "Gemm", opset=13, attrs={"transB": 1}, a=a, b=np.ascontiguousarray(b.T), c=random(5, seed=3))
case("Gemm transA", "Gemm", opset=11, attrs={"transA": 1}, a=np.ascontiguousarray(a.T), b=b, c=random(3, 1, seed=3))
case("Gemm transA transB alpha beta", "Gemm", opset=13, attrs={"transA": 1, "transB": 1, "alpha": 0.5, "beta": -1.5},
     a=np.ascontiguousarray(a.T), b=np.ascontiguousarray(b.T), c=random(3, 5, seed=3))
case("Gemm alpha beta, scalar C", "Gemm", opset=9, attrs={"alpha": 2.0, "beta": 0.25}, a=a, b=b, c=random(1, seed=3))
case("Gemm C of one row", "Gemm", opset=13, a=a, b=b, c=random(1, 5, seed=3))
case("Gemm constant weights", "Gemm", opset=13, attrs={"transB": 1}, a=a, b=C(np.ascontiguousarray(b.T)),
     c=C(random(5, seed=3)))
case("Gemm constant weights alpha", "Gemm", opset=13, attrs={"alpha": 0.5}, a=a, b=C(b))

case("MatMul 2-D", "MatMul", opset=13, a=a, b=b)
case("MatMul constant right", "MatMul", opset=13, a=a, b=C(b))
case("MatMul constant left", "MatMul", opset=13, a=C(a), b=b)
case("MatMul vector right", "MatMul", opset=13, a=random(2, 3, 4, seed=1), b=random(4, seed=2))
case("MatMul vector left", "MatMul", opset=13, a=random(4, seed=1), b=random(2, 4, 3, seed=2))
case("MatMul two vectors", "MatMul", opset=13, a=random(4, seed=1), b=random(4, seed=2))
case("MatMul batch", "MatMul", opset=13, a=random(2, 3, 4, seed=1), b=random(2, 4, 2, seed=2))
case("MatMul broadcast right", "MatMul", opset=9, a=random(2, 2, 3, 4, seed=1), b=random(4, 2, seed=2))
case("MatMul broadcast left", "MatMul", opset=13, a=random(3, 4, seed=1), b=random(2, 4, 2, seed=2))
case("MatMul broadcast both", "MatMul", opset=13, a=random(2, 1, 3, 4, seed=1), b=random(1, 3, 4, 2, seed=2))
case("MatMul batch vector", "MatMul", opset=13, a=random(2, 3, 2, 4, seed=1), b=random(4, seed=2))

for name, equation, shapes in [
    ("matrix product", "ij,jk->ik", [(3, 4), (4, 2)]),
    ("batch", "bij,bjk->bik", [(2, 3, 4), (2, 4, 2)]),
    ("attention scores", "bhid,bhjd->bhij", [(1, 2, 3, 4), (1, 2, 3, 4)]),
    ("outer product", "i,j->ij", [(3,), (4,)]),
    ("inner product", "i,i->", [(4,), (4,)]),
    ("transpose", "ij->ji", [(3, 4)]),
    ("sum over an axis", "ijk->ik", [(2, 3, 4)]),
    ("implicit output", "ij,jk", [(3, 4), (4, 2)]),
    ("ellipsis", "...ij,...jk->...ik", [(2, 3, 4), (2, 4, 2)]),
    ("one summed alone", "ij,kl->il", [(2, 3), (3, 2)]),
    ("three operands", "ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
    ("diagonal", "ii->i", [(3, 3)]),
]:
    operands = {f"x{i}": random(*shape, seed=i + 1) for i, shape in enumerate(shapes)}
    case(f"Einsum {name}", "Einsum", opset=12, attrs={"equation": equation}, **operands)
