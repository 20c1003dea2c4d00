"""A program made shorter, with the same meaning."""
