"""The driver repair: what the doctor names is mended in order, each thing once, and proven."""
