"""``gpuwright roll``: one deploy over many hosts, in batches that stop by themselves."""
