"""A folder with all that is else fetched, for hosts that reach nothing: a bundle."""
