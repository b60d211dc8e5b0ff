"""The system's CUDA toolkit and cuDNN."""
