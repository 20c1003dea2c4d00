"""Every derivative rule: one short table per family."""
