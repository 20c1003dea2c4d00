"""A program as C, compiled and loaded."""
