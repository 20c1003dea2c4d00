"""Memory that large arrays leave is kept for the next ones."""

import numpy as np


def keep_freed_memory() -> None:
    """Let the C library of Linux reuse the memory of arrays of up to 31 MB.

    It asks the system for new pages for every array of more than 128 kB, and to fill them costs as much as computing.
    This bound rises to the size of the largest such block that was freed, but not above 32 MB. So one is freed here;
    it is never touched, and takes no memory. Elsewhere this does nothing.
    """
    np.empty(31 << 20, np.uint8)
