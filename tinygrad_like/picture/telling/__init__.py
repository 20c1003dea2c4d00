"""Stage 4, a step in words and symbols: the rule behind a gradient, with its first numbers."""
