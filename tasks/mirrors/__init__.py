"""Mirrors that host data name: asked by bytes, chosen, kept, left for the next when they fail."""
