"""Layers that compare vectors, beside PyTorch."""

import pytest

from tests.stored import Case, check
from tinygrad_like import nn

FAMILY = "distances"
PAIR = ((2, 3), (2, 3))
CASES = [
    Case("cosine", nn.CosineSimilarity, lambda nn: nn.CosineSimilarity(), PAIR),
    Case("cosine, rows", lambda: nn.CosineSimilarity(0, 1e-3), lambda nn: nn.CosineSimilarity(0, 1e-3), PAIR),
    Case("distance", nn.PairwiseDistance, lambda nn: nn.PairwiseDistance(), PAIR),
    Case(
        "distance, p",
        lambda: nn.PairwiseDistance(3.0, 1e-2, keepdim=True),
        lambda nn: nn.PairwiseDistance(3.0, 1e-2, keepdim=True),
        PAIR,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)
