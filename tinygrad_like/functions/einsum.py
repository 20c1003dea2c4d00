"""Einstein sums: read the letters, then contract the operands in pairs."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from ..engine.complex_numbers import CONTINUOUS
from ..engine.errors import ArgumentError, ShapeError, UnsupportedError
from ..engine.registry import implements
from ..engine.tensor import as_array
from ..primitives import contraction, indexing

LETTERS = string.ascii_uppercase + string.ascii_lowercase  # in the order of the numbers in the list form
Term = tuple[str, Any]  # an operand and the letters of its axes


@implements(np.einsum)
def einsum(*operands: Any, optimize: Any = False) -> Any:
    """`np.einsum`: more than two operands are contracted in pairs, in the order of `np.einsum_path`."""
    subscripts, values = as_string(operands)
    arrays = [as_array(each) for each in values]
    dtype = np.result_type(*(each.dtype for each in arrays))
    if dtype.kind not in CONTINUOUS:
        raise UnsupportedError(f"einsum of {dtype} is not differentiable here.", "Write t.astype(float).")
    letters, result = spelt_out(subscripts, [each.ndim for each in arrays])
    terms = [(x, each if each.dtype == dtype else each.astype(dtype)) for x, each in zip(letters, arrays)]
    terms = unstretched([with_single_letters(x, each) for x, each in terms])
    check_letters(subscripts, result, "".join(x for x, _ in terms))
    for step in path_of(terms, result, optimize):
        chosen = [terms[i] for i in step]
        terms = [each for i, each in enumerate(terms) if i not in step]
        terms.append(contracted(chosen, "".join(x for x, _ in terms), result))
    y = arranged(*contracted(terms, "", result), result)
    return np.copy(y) if y is arrays[0] else y


def as_string(operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The subscripts as one string, and the arrays; in the list form each array is followed by a list of numbers."""
    if not operands:
        raise ArgumentError("einsum takes a string of subscripts and at least one array.")
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), operands[1:]
    arrays, lists = operands[: len(operands) // 2 * 2 : 2], operands[1::2]
    subscripts = ",".join(map(spelt, lists))
    return subscripts + ("->" + spelt(operands[-1]) if len(operands) % 2 else ""), arrays


def spelt(numbers: Any) -> str:
    """The letters that stand for numbers, as NumPy gives them."""
    for each in numbers:
        if each is not Ellipsis and not 0 <= each < len(LETTERS):
            raise ArgumentError(f"einsum takes numbers from 0 to {len(LETTERS) - 1} for axes, but got {each}.")
    return "".join("..." if each is Ellipsis else LETTERS[each] for each in numbers)


def spelt_out(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with letters of their own in place of ellipses."""
    left, arrow, right = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ArgumentError(f"einsum got subscripts for {len(terms)} arrays ({subscripts}), but {len(ndims)} arrays.")
    extra = [ndim - len(term.replace("...", "", 1)) for term, ndim in zip(terms, ndims)]
    for term, n, ndim in zip(terms, extra, ndims):
        if n < 0 or (n and "..." not in term):
            raise ShapeError(f"einsum got the subscripts {term!r} for an array with {ndim} dimensions.")
    free = [x for x in LETTERS if x not in subscripts]
    most = max(extra)
    if most > len(free):
        raise ArgumentError(f"einsum has no letters left for {most} axes of an ellipsis.")
    names = "".join(free[:most])
    terms = [term.replace("...", names[most - n :], 1) for term, n in zip(terms, extra)]
    if not arrow:
        once = [x for x in sorted(LETTERS) if left.count(x) == 1]
        return terms, names + "".join(once)
    if most and "..." not in right:
        raise ArgumentError(f"einsum got {subscripts!r}, but the result has no place for the axes of the ellipsis.")
    return terms, right.replace("...", names, 1)


def check_letters(subscripts: str, result: str, known: str) -> None:
    """Refuse what is no letter, and what the result cannot have."""
    if odd := [x for x in known + result if x not in LETTERS]:
        raise ArgumentError(f"einsum takes letters and '...', but got {odd[0]!r} in {subscripts!r}.")
    for x in result:
        if x not in known or result.count(x) > 1:
            raise ArgumentError(f"einsum of {subscripts!r}: the result must have {x!r} once, and an operand as well.")


def diagonal_of(x: Any, offset: int = 0) -> Any:
    """The diagonals of the matrices in the last two axes."""
    return indexing.diagonal(x, offset=offset)


def with_single_letters(letters: str, x: Any) -> Term:
    """The diagonal, where a letter stands for several axes."""
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            i = letters.index(letter)
            j = letters.index(letter, i + 1)
            if x.shape[i] != x.shape[j]:
                raise ShapeError(f"einsum has {letter!r} for axes of the lengths {x.shape[i]} and {x.shape[j]}.")
            x = diagonal_of(np.moveaxis(x, (i, j), (-2, -1)))
            letters = letters[:i] + letters[i + 1 : j] + letters[j + 1 :] + letter
    return letters, x


def unstretched(terms: list[Term]) -> list[Term]:
    """Without axes of length 1 that are longer elsewhere: a product broadcasts them."""
    sizes: dict[str, int] = {}
    for letters, x in terms:
        for letter, size in zip(letters, x.shape):
            known = sizes.get(letter, 1)
            if 1 not in (size, known) and size != known:
                raise ShapeError(f"einsum has {letter!r} for axes of the lengths {known} and {size}.")
            sizes[letter] = size if known == 1 else known
    return [without(letters, x, sizes) for letters, x in terms]


def without(letters: str, x: Any, sizes: dict[str, int]) -> Term:
    stretched = tuple(i for i, letter in enumerate(letters) if x.shape[i] != sizes[letter])
    if not stretched:
        return letters, x
    return "".join(y for i, y in enumerate(letters) if i not in stretched), np.squeeze(x, axis=stretched)


def path_of(terms: list[Term], result: str, optimize: Any) -> Any:
    """Which operands to contract in each step; what a step gives becomes the last."""
    if len(terms) < 3:
        return []
    subscripts = ",".join(letters for letters, _ in terms) + "->" + result
    shapes = (np.broadcast_to(0.0, x.shape) for _, x in terms)  # the path depends on nothing else
    way = ("greedy", 2**62) if optimize is False or optimize is True else optimize  # no limit of memory
    return np.einsum_path(subscripts, *shapes, optimize=way)[0][1:]


def contracted(terms: list[Term], others: str, result: str) -> Term:
    """One operand from several, in pairs; with the letters that the others or the result have."""
    total = terms[0]
    for i, each in enumerate(terms[1:], 1):
        later = others + result + "".join(letters for letters, _ in terms[i + 1 :])
        total = pair(total, each, result if {*later} == {*result} else later)
    return total


def pair(one: Term, other: Term, kept: str) -> Term:
    """The contraction of two operands."""
    left, a = summed(*one, other[0] + kept)
    right, b = summed(*other, one[0] + kept)
    result = "".join(x for x in dict.fromkeys(kept) if x in left or x in right)
    return result, contraction.contract(a, b, left=left, right=right, result=result)


def summed(letters: str, x: Any, needed: str) -> Term:
    """The sum over the axes whose letters nothing needs."""
    axes = tuple(i for i, letter in enumerate(letters) if letter not in needed)
    return "".join(y for y in letters if y in needed), np.sum(x, axis=axes) if axes else x


def arranged(letters: str, x: Any, result: str) -> Any:
    """The axes in the order of the result."""
    letters, x = summed(letters, x, result)
    return x if letters == result else np.transpose(x, [letters.index(y) for y in result])
