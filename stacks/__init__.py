"""What should be: pinned stacks, the catalogue of the world's facts, and the pure resolver."""
