"""Stage 1, what is captured: cards from a run that is watched, or from a recorded graph."""
