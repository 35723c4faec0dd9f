"""RNN, GRU and LSTM, both directions, with initial states."""

import numpy as np

from case import C, case, random

SEQUENCE, BATCH, INPUT, HIDDEN = 3, 2, 2, 3
x = random(SEQUENCE, BATCH, INPUT, seed=1)

for operator, gates, states in [("RNN", 1, 1), ("GRU", 3, 1), ("LSTM", 4, 2)]:
    def weights(directions, wrap=np.asarray, gates=gates):
        return {"w": wrap(random(directions, gates * HIDDEN, INPUT, seed=2)),
                "r": wrap(random(directions, gates * HIDDEN, HIDDEN, seed=3)),
                "b": wrap(random(directions, 2 * gates * HIDDEN, seed=4))}
    outputs = ["y", "y_h", "y_c"][:1 + states]
    initial = {"initial_h": random(1, BATCH, HIDDEN, seed=5), "initial_c": random(1, BATCH, HIDDEN, seed=6)}
    initial = dict(list(initial.items())[:states])
    size = {"hidden_size": HIDDEN}
    case(f"{operator}", operator, opset=14, attrs=size, outputs=outputs, x=x, **weights(1))
    case(f"{operator} last state only", operator, opset=14, attrs=size, outputs=["", "y_h"], x=x, **weights(1, C))
    case(f"{operator} initial state", operator, opset=14, attrs=size, outputs=outputs, x=x, **weights(1, C), lengths=None, **initial)
    case(f"{operator} reverse", operator, opset=14, attrs={**size, "direction": "reverse"}, outputs=outputs, x=x, **weights(1, C))
    case(f"{operator} bidirectional", operator, opset=14, attrs={**size, "direction": "bidirectional"}, outputs=outputs, x=x,
         **weights(2, C))
    case(f"{operator} no bias", operator, opset=7, attrs=size, outputs=["y"], x=x,
         **{n: a for n, a in weights(1, C).items() if n != "b"})
case("GRU linear_before_reset", "GRU", opset=14, attrs={"hidden_size": HIDDEN, "linear_before_reset": 1}, outputs=["y", "y_h"], x=x,
     w=random(1, 3 * HIDDEN, INPUT, seed=2), r=random(1, 3 * HIDDEN, HIDDEN, seed=3), b=random(1, 6 * HIDDEN, seed=4))
case("LSTM peepholes", "LSTM", opset=14, attrs={"hidden_size": HIDDEN}, outputs=["y", "y_h", "y_c"], x=x,
     w=C(random(1, 4 * HIDDEN, INPUT, seed=2)), r=C(random(1, 4 * HIDDEN, HIDDEN, seed=3)), b=C(random(1, 8 * HIDDEN, seed=4)),
     lengths=None, h=None, c=None, p=random(1, 3 * HIDDEN, seed=7))
