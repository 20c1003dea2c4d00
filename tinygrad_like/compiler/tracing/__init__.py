"""A function run once under a trace, and what is written down: a program."""
