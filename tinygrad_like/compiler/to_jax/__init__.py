"""A program on JAX."""
