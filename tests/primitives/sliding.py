"""Convolution by its definition: a sum of products over everything that meets."""

import numpy as np

LETTERS = {"image": "bgi", "weight": "goi", "result": "bgo"}
SPATIAL = {"image": "xyzu", "weight": "klmn", "result": "pqrs"}


def meeting(n, kernel, stride, padding, dilation):
    """For one axis, whether an element of the image meets one of the kernel at a place: (image, place, kernel)."""
    places = (n + sum(padding) - dilation * (kernel - 1) - 1) // stride + 1
    met = stride * np.arange(places)[:, None] + dilation * np.arange(kernel) - padding[0]
    return (np.arange(n)[:, None, None] == met).astype(float)


def slid(wanted, size, kernel, *, stride, padding, dilation, groups, **given):
    """The sum of image · weight · result, of which two are given, differentiated for the third one."""
    axes = len(size)
    each = [meeting(*settings) for settings in zip(size, kernel, stride, padding, dilation)]
    indexes = {name: letters + SPATIAL[name][:axes] for name, letters in LETTERS.items()}
    operands, terms = list(each), list(map("".join, zip("xyzu", "pqrs", "klmn", strict=True)))[:axes]
    for name, array in given.items():
        split = 0 if name == "weight" else 1
        shape = array.shape
        operands.append(array.reshape(*shape[:split], groups, shape[split] // groups, *shape[split + 1 :]))
        terms.append(indexes[name])
    y = np.einsum(",".join(terms) + "->" + indexes[wanted], *operands, optimize=True)
    first = 0 if wanted == "weight" else 1
    return y.reshape(*y.shape[:first], -1, *y.shape[first + 2 :])


def conv(x, weight, bias=0.0, **options):
    return slid("result", x.shape[2:], weight.shape[2:], image=x, weight=weight, **options) + bias


def conv_transpose(x, weight, bias=0.0, *, size, **options):
    return slid("image", size, weight.shape[2:], result=x, weight=weight, **options) + bias


def conv_weight(x, out, *, kernel, **options):
    return slid("weight", x.shape[2:], kernel, image=x, result=out, **options)
