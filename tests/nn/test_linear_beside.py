"""Linear and Sequential beside PyTorch."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.stored import Case, check

FAMILY = "linear"
CASES = [
    Case("linear", lambda: tg.Linear(3, 2), lambda nn: nn.Linear(3, 2), ((4, 3),)),
    Case("linear, one sample", lambda: tg.Linear(3, 2), lambda nn: nn.Linear(3, 2), ((3,),)),
    Case("linear, no bias", lambda: tg.Linear(3, 2, False), lambda nn: nn.Linear(3, 2, False), ((2, 2, 3),)),
    Case(
        "sequential, float32",
        lambda: tg.Sequential(tg.Linear(3, 4), tg.Tanh(), tg.Linear(4, 1)),
        lambda nn: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)),
        ((5, 3),),
        dtype="float32",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)


def test_a_difference_is_seen():
    class Wrong(tg.Linear):
        def forward(self, x):
            return super().forward(x) * (1 + 1e-9)

    with pytest.raises(AssertionError, match="output 0"):
        check(Case("linear", lambda: Wrong(3, 2), lambda nn: nn.Linear(3, 2), ((4, 3),)), FAMILY)
    assert np.isfinite(tg.Linear(3, 2)(np.ones(3)).numpy()).all()
