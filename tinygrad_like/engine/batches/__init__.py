"""Many arrays of one shape that are computed with as one."""
