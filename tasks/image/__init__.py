"""The PyTorch image on a host: built, loaded or pulled, tagged, proven."""
