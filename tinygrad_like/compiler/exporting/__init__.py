"""A model or a step as C files for another machine."""
