"""The driver repair: what the doctor names is repaired in order, each thing once, and proven."""
