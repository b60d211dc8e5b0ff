"""Benchmarks beside what a user would pick instead: always a ratio, never a lone figure."""
