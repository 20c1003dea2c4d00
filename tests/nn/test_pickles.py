"""What earlier versions pickled loads in this one."""

import base64
import pickle
import zlib

import numpy as np

import tinygrad_like as tg

# (Sequential(Linear(1, 1), Activation(sigmoid)) of weight 2 and bias 1, its SGD, Matrix(1, 1, [3]), a ShapeError),
# pickled when the engine's modules stood at the root of the package.
BEFORE_THE_ENGINE_HAD_A_FOLDER = """
eNp1U1tT00AYTQERFlC8X/AOavBSxSsqCihYpVAx6ExemM4mXZqMyaZndwP2oTP6QIGfoL/CV5/9YbqbFpipw2Yms/m+Pd93vj0n
37psX4W8XhW0Uo7CLyzPeT6idSYkWWFIGVchjQis8e/INdDl9lqW1cqjexU9B6MXQ86oIDikkb0NHLbdAQ0NeXmNUZUKJtFXzLmD
Opakaj/Yr4OmxwYLq4EC6aivGJeJIGXBvDSMKgQDBzEgy1TQmCm9w6DP07hWz5f9RLB8nEZ6KCFo3dTxEy6VSH1FMNQ6RnillcWR
orWJo76GVZgvCeNmQzDs5jRDD8fat6EJTOB4EyccnNzCKQen7WLOPE2caZesqHpNI8+6XRqxNolzO9tbOO9gxC52Z9WmcKFUKi38
1St7FS2Fi95OMOz2WXtrBpcC3eeygysKV73tgChcczDq9hg+IZUYCwbsYDAYCjLq1wPN54aDmxmfTdjBiKnYv1fwz69pjJuStxzc
VrijS44p3HWQT70DlZ3VmXU9dMIJ7ml17zcwYWc011LumzgedIB3E5LIsBonoRbuYUaaa4nwKLsBicepx2Rn36SmwpisFOYInuhm
TxuYtN1ufb4cCTwrTP/+YdbPrH+cxNqwaYznhd0JM4e1zFTWItI6XuznDIYzqT2SrGNqJ5OzZmwj8XIVr+xgNMgzl+joOosSP1Sh
duj0KmbsUon9d0NSJYJWGVmiSoRfCWY13delBt7Y2agi2ZCY0/Y2H34SScy3PypUUbzdFa1gRHvn4H1btIWWaPs26JtB0Wi26GBJ
oeSlTXzo5MKESMwvHNAamzd7guXslik+tt3rNLHi4JPC5/w/Sw1CEQ==
"""

# (Linear(1, 1) of weight 0.5 and bias 0.5, its SGD(lr=0.5, momentum=0.5) in the middle of training,
# Matrix(1, 1, [3]), a Network([1, 1])), pickled when each optimizer kept a state of its own, and Matrix stood in the
# engine.
BEFORE_STATE_WAS_NAMED = """
eNqFlM9rE0EUx5M2v5pWUErrRfFgDhEkQqvSgxC1QtDoIu1Zl9ndaWbs7kw6O9O6glAPtg3Mrc+/QQ96kOLNf8A/Qqge9KLgf6Azu2nStJXusmFm9s177/
vdz2Sz8OZjIZdedX1eUpZ0BArckK7iBmONECVYxKBLDynDSMAuXHkFL6GuJylzVzCSSuAY2nk9xZUcWShtYNohEvSF0aSYdUyqhs+7CWUd0BVXYE/RMDC5
63r25A5ATzxGAkVYYtuDnmUq6iYN1+cCNyIVSoqEQAnoKZPN5yyWQvnSRhbTSNBlFmQhu9DOvYbFvAfbsAT1dt7eW0DO6WIgky62m8ZWFqC3k70f1/lb4D
jOg7/mSn/aOQleb7GSubbfBDPdIWVpwnXBoygGUq2TM+QsmbalyMygkJlcPLaxZjcqT0+PSuddSSPQ48ute0PXx0IBreZ+lkBXIh5hJlV0aG0qs90NsG/E
tnK5g1iGY2MeX4eeLnWtlzE8gTq5TK5iXV3HIfeppDhbPN55atGw98pt2/tpCv+kCrHRdjIDseQCdbCh6xGSgj7PdDpWaEHwjRSjgs/DbBAgieC0klljag
s8PXMEJSw3uFg1JDj90cDVkhvTF5l0mxDrSRf5kq4jSTkDktPVO8PpYFdlRTE/XTp6bg5emHNTjmkn4tTCrQvMAAzEN35UTKA9T7YmGcsSkmI7T0rmKf8P
n8FH+Da3uVTb+3qYPFI7Bbpnl+7f/f391yh0SBcjHuAwFbmM15TBiaLwQKQu9c+/hYKQp/1GEQkItjpw7OmJFFTjnwByrR8wN+CRzA8QJNeHwxs9ctPmXC
MJJgtm5DgWkzKhlonE1ms13/349OX93nar+fazQh9+zmNdds2/TFdJcJQnofEPaEi8Kw==
"""


def unpickled(text):
    return pickle.loads(zlib.decompress(base64.b64decode(text)))


def test_pickles_from_before_the_engine_had_a_folder():
    model, optimizer, matrix, error = unpickled(BEFORE_THE_ENGINE_HAD_A_FOLDER)
    weight, bias = model.parameters()
    assert (weight.item(), bias.item()) == (2.0, 1.0)
    assert matrix == tg.Matrix(1, 1, [3.0])
    assert isinstance(error, tg.ShapeError)
    model([[3.0]]).sum().backward()
    optimizer.step()
    assert weight.item() < 2.0


def test_pickles_from_before_state_was_named():
    linear, optimizer, matrix, network = unpickled(BEFORE_STATE_WAS_NAMED)
    assert matrix == tg.Matrix(1, 1, [3.0])
    assert (linear.weight.item(), linear.bias.item()) == (0.5, 0.5)
    assert (
        repr(optimizer)
        == "SGD(lr=0.5, momentum=0.5, dampening=0, weight_decay=0, nesterov=False, maximize=False)  # 2 parameters"
    )
    for p, velocity in ((linear.weight, 3.0), (linear.bias, 1.0)):
        p.grad = np.zeros(p.shape)
        optimizer.step()
        assert p.item() == 0.5 - 0.5 * (0.5 * velocity)
        optimizer.zero_grad()
    assert network.train([[1.0]], [[0.5]], 1, progress=False)[0] > 0
    assert len(network.history) == 3
