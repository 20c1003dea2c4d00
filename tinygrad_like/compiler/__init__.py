"""A step traced once, as a list of NumPy calls, and run again as straight source in NumPy or C."""
