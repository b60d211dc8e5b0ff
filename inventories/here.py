"""The machine at hand, with the host data of a JSON file: for hosts that provision themselves.

GPUWRIGHT_HOST_DATA=/etc/gpuwright/host-data.json pyinfra inventories/here.py deploys/gpu_host.py
"""

import json as _json
import os as _os
from pathlib import Path as _Path

_file = _os.environ.get("GPUWRIGHT_HOST_DATA")

here = [("@local", _json.loads(_Path(_file).read_text(encoding="utf-8")) if _file else {})]
