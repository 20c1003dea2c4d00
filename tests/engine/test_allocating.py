"""Large arrays do not cost new pages each time."""

import platform
import subprocess
import sys

import pytest

CODE = """if True:
    import resource
    import numpy as np
    import tinygrad_like
    def faults(count):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(count):
            np.ones(250_000)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    faults(3)
    print(faults(50))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the C library of Linux can be told")
def test_memory_of_large_arrays_is_reused():
    """Fifty arrays of 2 MB take no new pages; without the call, 490 each."""
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 500
