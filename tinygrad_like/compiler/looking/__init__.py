"""What a compiled function shows: its report, its times, its picture."""
