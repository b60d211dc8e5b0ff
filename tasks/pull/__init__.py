"""A host that provisions itself: an archive of gpuwright, and how a host runs it."""
