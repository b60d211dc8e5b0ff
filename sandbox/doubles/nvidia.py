"""A double of NVIDIA's apt repositories."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox.doubles import apt_index, names
from sandbox.doubles.deb import Deb, build
from sandbox.doubles.names import Release
from sandbox.doubles.vendor import VendorDouble

_PIN = """\
# Simulated by gpuwright's sandbox: NVIDIA's own packages before those of the distribution.
Package: *
Pin: release l=NVIDIA CUDA
Pin-Priority: 600
"""


@dataclass(frozen=True)
class AptDouble(VendorDouble):
    """NVIDIA's apt repository for one distribution of Debian's family."""

    def _first(self) -> list[dict[str, str]]:
        names.key_file(self.distribution)
        return [asdict(release) for release in names.releases(self.distribution)]

    def _write(self, folder: Path, state: dict[str, Any]) -> None:
        apt_index.link(build(self._packages(state)), folder)
        apt_index.write_packages(folder, ".", ".")
        apt_index.write_release(folder, {"Origin": "NVIDIA", "Label": "NVIDIA CUDA"})
        apt_index.sign(folder, self._signer, state["key"], state["expired"])
        public = self._signer.public(state["published"])
        (folder / names.key_file(self.distribution)).write_text(public)
        (folder / f"cuda-{self.distribution}.pin").write_text(_PIN)

    def _packages(self, state: dict[str, Any]) -> list[Deb]:
        """All that it has in this state."""
        packages = names.others(self.distribution)
        for row in state["releases"]:
            packages += names.driver(self.distribution, Release(**row))
        return packages
