"""What no upgrade may move, and what enforces it."""
