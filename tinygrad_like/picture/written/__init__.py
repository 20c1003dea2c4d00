"""Stage 3, how the cards are written: numbers, colours, labels, DOT, and the programs that lay it out."""
