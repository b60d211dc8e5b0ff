"""A double of NVIDIA's dnf repositories, served beside the apt ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.doubles import dnf_index, names_dnf
from sandbox.doubles.module_streams import streams
from sandbox.doubles.rpm import build
from sandbox.doubles.vendor import VendorDouble


@dataclass(frozen=True)
class DnfDouble(VendorDouble):
    """NVIDIA's repository for one release of the Red Hat family: ``rhel8`` or ``rhel9``."""

    def _first(self) -> list[dict[str, str]]:
        return [{"version": version} for version in names_dnf.releases(self.distribution)]

    def _write(self, folder: Path, state: dict[str, Any]) -> None:
        versions = [row["version"] for row in state["releases"]]
        drivers = {v: names_dnf.driver(self.distribution, v) for v in versions}
        packages = {p.nevra: p for made in drivers.values() for p, _ in made}
        files = build([*packages.values(), *names_dnf.others()])
        dnf_index.write(
            folder, files, self._signer, state["key"], streams(drivers), state["expired"]
        )
        (folder / names_dnf.key_file()).write_text(self._signer.public(state["published"]))
