"""``nvidia-smi -q -x`` → `NvmlInventory`.

The elements are those of nvidia-smi's own DTD (``nvidia-smi --dtd``); what a card does not support
stands there as ``N/A`` or ``[N/A]``. Power moved from ``power_readings`` to ``gpu_power_readings``
in branch 530, and its draw to ``instant_power_draw`` in later ones.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from facts.parse.answers import bus_address
from facts.runtime import NvmlGpu, NvmlInventory

_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")


def _text(node: ET.Element, *paths: str) -> str | None:
    for path in paths:
        value = (node.findtext(path) or "").strip()
        if value and value.strip("[]").upper() not in ("N/A", "NOT SUPPORTED", "UNKNOWN ERROR"):
            return value
    return None


def _number(node: ET.Element, *paths: str) -> float | None:
    match = _NUMBER.match(_text(node, *paths) or "")
    return float(match[0]) if match else None


def _whole(node: ET.Element, *paths: str) -> int | None:
    number = _number(node, *paths)
    return int(number) if number is not None else None


def _switch(node: ET.Element, path: str) -> bool | None:
    return {"Enabled": True, "Disabled": False}.get(_text(node, path) or "")


def _gpu(index: int, node: ET.Element) -> NvmlGpu:
    link = "pci/pci_gpu_link_info"
    return NvmlGpu(
        index=index,
        name=_text(node, "product_name"),
        uuid=_text(node, "uuid"),
        serial=_text(node, "serial"),
        pci=bus_address(node.get("id")),
        memory_mb=_whole(node, "fb_memory_usage/total"),
        vbios=_text(node, "vbios_version"),
        persistence=_switch(node, "persistence_mode"),
        ecc=_switch(node, "ecc_mode/current_ecc"),
        mig=_switch(node, "mig_mode/current_mig"),
        power_limit_w=_number(
            node, "gpu_power_readings/current_power_limit", "power_readings/power_limit"
        ),
        power_w=_number(
            node,
            "gpu_power_readings/instant_power_draw",
            "gpu_power_readings/power_draw",
            "power_readings/power_draw",
        ),
        temperature_c=_whole(node, "temperature/gpu_temp"),
        pcie_generation=_whole(node, f"{link}/pcie_gen/current_link_gen"),
        pcie_generation_max=_whole(node, f"{link}/pcie_gen/max_link_gen"),
        pcie_width=_whole(node, f"{link}/link_widths/current_link_width"),
        pcie_width_max=_whole(node, f"{link}/link_widths/max_link_width"),
    )


def smi(lines: list[str], ending: str) -> NvmlInventory:
    """The inventory, or nvidia-smi's own words (with ``ending``, how it ended) as the reason."""
    text = "\n".join(lines)
    start = text.find("<?xml")
    if start < 0:
        said = " ".join(text.split())[:500] or "no output"
        return NvmlInventory(source="nvidia-smi", why=f"{said} ({ending})")
    try:
        root = ET.fromstring(text[start:])
    except (ET.ParseError, ValueError) as error:
        return NvmlInventory(source="nvidia-smi", why=f"broken XML: {error} ({ending})")
    driver = _text(root, "driver_version")
    return NvmlInventory(
        source="nvidia-smi",
        driver=driver,
        cuda=_text(root, "cuda_version"),
        gpus=tuple(_gpu(index, node) for index, node in enumerate(root.findall("gpu"))),
        why=None if driver else f"nvidia-smi told no driver version ({ending})",
    )
