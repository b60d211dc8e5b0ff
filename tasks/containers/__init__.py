"""Container engines, NVIDIA's container toolkit, and the proof that containers get GPUs."""
