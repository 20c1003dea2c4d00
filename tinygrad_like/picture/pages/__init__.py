"""Stage 5, the page of a picture, on which the forward and the backward pass can be played."""
