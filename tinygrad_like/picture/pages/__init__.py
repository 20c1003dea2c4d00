"""Stage 4, pages: a picture that can be played."""
