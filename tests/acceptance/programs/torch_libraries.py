"""Runs in the managed environment: which torch this is, and whose CUDA libraries it has loaded.

Prints one JSON object. An argument names a program to run while torch is loaded.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pynvml  # type: ignore[import-not-found]
import torch  # type: ignore[import-not-found]

NAMES = re.compile(r"lib(cudart|cublas|cublasLt|cudnn\w*|cufft|curand|cusparse|nccl|nvrtc)[.-]")

product = torch.ones(8, 8) @ torch.ones(8, 8)
answer = {
    "version": torch.__version__,
    "cuda": torch.version.cuda,
    "cudnn": torch.backends.cudnn.version(),
    "available": torch.cuda.is_available(),
    "computed": bool((product == 8).all()),
    "nvml": str(Path(pynvml.__file__).resolve()),
    "prefix": str(Path(sys.prefix).resolve()),
}
if torch.cuda.is_available():
    image = torch.ones(1, 1, 4, 4, device="cuda")
    answer["convolved"] = bool((torch.nn.functional.conv2d(image, image) == 16).all().item())
if len(sys.argv) > 1:
    other = subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True)
    answer["beside"] = json.loads(other.stdout)
maps = Path("/proc/self/maps").read_text().splitlines()
paths = {line.split(None, 5)[5] for line in maps if line.count("/")}
answer["mapped"] = sorted(p for p in paths if NAMES.match(Path(p).name))
print(json.dumps(answer))
