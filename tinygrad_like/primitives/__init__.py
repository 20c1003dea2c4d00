"""Every derivative rule: one short table per family. `families.py` has the list of them."""
