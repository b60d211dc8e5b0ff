"""What a wheel of gpuwright holds; all else is in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from make import rooms  # noqa: E402 - a build has not this folder on Python's path

setup(
    packages=rooms.packages(ROOT),
    package_dir={f"{rooms.PACKAGE}.{room}": room for room in rooms.ROOMS},
    package_data=rooms.data(ROOT),
    cmdclass={"build_py": rooms.BuildPy},
)
