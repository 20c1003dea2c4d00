"""Complex numbers in pictures and tables: both parts with few digits, colours by the absolute values."""

import numpy as np

import tinygrad_like as tg
from tests.cases import together
from tests.picture.test_formulas import step
from tinygrad_like.picture.written.numbers import block, number_text, statistics


@together(
    ("array", "shown", "fractions"),
    [
        ([1.25 - 0.5j, 2j, 0], ["1.25-0.50i", "0+2.00i", "0+0i"], [1.25**2 + 0.25, 4, 0]),
        ([3 + 4j, -1 - 1j], ["3+4i", "-1-1i"], [25, 2]),
        ([1e6 + 2e6j], ["1.00+2.00i"], [5e12]),
        ([1.5e6 + 2e6j, 5e5], ["1.50+2.00i", "0.50+0i"], [6.25e12, 2.5e11]),
    ],
)
def test_matrices(array, shown, fractions):
    (cells,) = block(np.array(array)).rows
    assert [cell.text for cell in cells] == shown
    sizes = np.sqrt(fractions)
    np.testing.assert_allclose([cell.fraction for cell in cells], sizes / sizes.max())


def test_one_large_number_does_not_hide_the_others():
    shown = block(np.array([1.5e6 + 2e6j, 0.5]))
    assert [cell.text for cell in shown.rows[0]] == ["1.5e6+2e6i", "0.5+0i"]
    assert (shown.power, shown.is_log) == (0, True)


def test_what_is_not_finite():
    (cells,) = block(np.array([complex(np.nan, -np.inf), 1.5])).rows
    assert cells[0].text == "nan-infi"
    assert np.isnan(cells[0].fraction)
    assert ("nan", "1") in statistics(np.array([complex(np.nan, 1), 1.5 - 1j]))


def test_statistics_and_symbols():
    assert statistics(np.array([3 + 4j, 1 - 2j])) == [("mean", "2+1i"), ("|z|", "2.24 … 5")]
    assert statistics(np.array([1.25 - 0.5j])) == [("", "1.25-0.5i")]
    assert number_text(np.array(1.25 - 0.5j)) == "1.25-0.5i"


def test_a_graph():
    z = tg.Tensor([1.25 - 0.5j, 2 + 1j], requires_grad=True)
    source = tg.draw((np.abs(z * (2 - 1j)) ** 2).sum(), names={"z": z}, detail="value").source
    for text in ("1.25-0.50i", "2.00+1.00i", "2-1i", "12.5-5.0i"):  # values, a constant, and the gradient 2 |c|² z
        assert text in source


def test_of_complex_numbers_only_what_is_true_is_told():
    """A rule computes the conjugate of the gradient that is shown."""
    picture = tg.draw(lambda z: (z * np.conj(z)).real, 3 + 4j)
    head, _, first, second, number = step(picture, "z", "backward")
    assert (head, number) == ("∂output/∂z = g₁ + g₂", "value: 6 + 8i")
    assert first == "g₁ = conj(g), from conjugate: y = conjugate(z), g = ∂output/∂y"
    assert second.startswith("g₂ = the rule of multiply, applied to g, from multiply: y = z · b")
    assert step(picture, "×", "backward")[::3] == ["∂output/∂x = g", "value: 1 + 0i"]
    picture = tg.draw(lambda x, z: ((x + z) * z).real, 2.0, 3 + 4j)
    assert step(picture, "x", "backward")[0] == "∂output/∂x = the rule of add, applied to g"
    assert step(picture, "z", "backward")[2] == "g₁ = g, from add: y = x + z, g = ∂output/∂y"
