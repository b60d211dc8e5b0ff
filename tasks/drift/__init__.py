"""Who differs from plan, from its group and from itself, since when, and the ways out."""
