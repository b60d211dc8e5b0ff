"""The programs that measure: laid beside a job on the host, and mounted into containers. Pure.

They come with each job and go with it. So both sides run the very same files, whatever the image
has inside, and nothing stays on the host.
"""

from __future__ import annotations

from pathlib import Path

import image

MODULES = (
    "benchmark",
    "benchmark_group",
    "benchmark_models",
    "benchmark_same",
    "benchmark_start",
    "benchmark_work",
    "timed",
)
"""Of ``image/programs``."""
_MAIN = """\
import sys

word = sys.argv.pop(1)
if word == "start":
    from image.programs.benchmark_start import main
elif word == "run":
    from image.programs.benchmark import main
elif word == "same":
    from image.programs.benchmark_same import main
elif word == "work":
    from image.programs.benchmark_work import main
elif word == "group":
    from image.programs.benchmark_group import main
else:
    from image.programs.benchmark_group import rank as main

sys.exit(main())
"""


def files() -> dict[str, str]:
    """Path below a folder that Python can run to text."""
    here = Path(image.__file__).parent
    names = ("__init__.py", "programs/__init__.py", *(f"programs/{m}.py" for m in MODULES))
    return {"__main__.py": _MAIN} | {f"image/{name}": (here / name).read_text() for name in names}
