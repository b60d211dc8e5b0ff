"""Where packages come from, and whether it may be trusted."""
