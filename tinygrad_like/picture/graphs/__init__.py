"""Stage 2, the graph of cards: its boxes, and how a large one is made smaller."""
