"""What earlier versions pickled loads in this one."""

import base64
import pickle
import zlib

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


def test_pickles_from_before_the_engine_had_a_folder():
    model, optimizer, matrix, error = pickle.loads(zlib.decompress(base64.b64decode(BEFORE_THE_ENGINE_HAD_A_FOLDER)))
    weight, bias = model.parameters()
    assert (weight.item(), bias.item()) == (2.0, 1.0)
    assert matrix == tg.Matrix(1, 1, [3.0])
    assert isinstance(error, tg.ShapeError)
    model([[3.0]]).sum().backward()
    optimizer.step()
    assert weight.item() < 2.0
