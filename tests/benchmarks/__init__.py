"""How fast and how small tinygrad_like is beside its peers: `python -m tests.benchmarks`. Not part of the suite."""
