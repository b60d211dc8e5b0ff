"""The PyTorch image: its Dockerfile, the steps of its build, and the programs inside it."""
