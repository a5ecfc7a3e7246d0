"""What a benchmark, whole or compressed, can tell apart: tests, intervals, detectable effects, ranks and plans."""
