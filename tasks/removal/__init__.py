"""Takes away what gpuwright brought to a host, and nothing else."""
