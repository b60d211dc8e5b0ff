"""One GPU of ``nvidia-smi -q -x`` → `facts.device_health_model.Device`.

The elements are those of nvidia-smi's own DTD (``nvidia-smi --dtd``). Reasons for slower clocks are
``clocks_throttle_reasons`` up to branch 530 and ``clocks_event_reasons`` from 535 on; uncorrectable
SRAM errors are one number in the older ones, and two (parity, SEC-DED) in the newer.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from facts.device_health_model import Device
from facts.parse.answers import bus_address

NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,9})?")
_NOT_THERE = ("N/A", "NOT SUPPORTED", "NONE")
_REASON = re.compile(r"clocks_(?:event|throttle)_reason_([a-z_]+)")


class _Answers:
    """The elements of one GPU; what should have been there and was not is kept by name."""

    def __init__(self, node: ET.Element) -> None:
        self._node, self.unread = node, list[str]()

    def text(self, field: str, *paths: str) -> str | None:
        """The first of these elements; None where the card has no such thing."""
        values = [(self._node.findtext(path) or "").strip() for path in paths]
        found = [value for value in values if value]
        if any(value.strip("[]").upper() in _NOT_THERE for value in found):
            return None
        if not found or "error" in found[0].lower() or "err!" in found[0].lower():
            self.unread.append(field)
            return None
        return found[0][:200]

    def number(self, field: str, *paths: str) -> float | None:
        """The number in front."""
        said = self.text(field, *paths)
        if said is None:
            return None
        if (match := NUMBER.match(said)) is None:
            self.unread.append(field)
            return None
        return float(match[0])

    def whole(self, field: str, *paths: str) -> int | None:
        """The same as a whole number."""
        number = self.number(field, *paths)
        return None if number is None else int(number)

    def switch(self, field: str, *paths: str) -> bool | None:
        """Enabled or Yes, Disabled or No."""
        said = self.text(field, *paths)
        if said is None:
            return None
        word = {"enabled": True, "yes": True, "disabled": False, "no": False}.get(said.lower())
        if word is None:
            self.unread.append(field)
        return word

    def has(self, path: str) -> bool:
        """Whether the element is there and has others within."""
        found = self._node.find(path)
        return found is not None and len(found) > 0

    def total(self, field: str, *ways: tuple[str, ...]) -> int | None:
        """The sum over the first way whose first element is there."""
        for paths in ways:
            if self._node.find(paths[0]) is not None:
                numbers = [self.whole(field, p) for p in paths if self._node.find(p) is not None]
                known = [n for n in numbers if n is not None]
                return sum(known) if known else None
        self.unread.append(field)
        return None

    def reasons(self) -> tuple[str, ...]:
        """Reasons for slower clocks that are active."""
        groups = [self._node.find(f"clocks_{word}_reasons") for word in ("event", "throttle")]
        there = [group for group in groups if group is not None]
        if not there:
            self.unread.append("reasons")
            return ()
        active = (e.tag for e in there[0].iter() if (e.text or "").strip() == "Active")
        return tuple(match[1] for tag in active if (match := _REASON.fullmatch(tag)))


def device(index: int, node: ET.Element) -> Device:
    """The GPU of one element ``gpu``; what it should have said and did not is in ``unread``."""
    said = _Answers(node)
    link, power = "pci/pci_gpu_link_info", "gpu_power_readings"
    volatile, aggregate = "ecc_errors/volatile", "ecc_errors/aggregate"
    ecc = said.switch("ecc", "ecc_mode/current_ecc")
    errors: dict[str, Any] = {}
    if ecc:
        errors = {
            "uncorrected": said.total("uncorrected", *_uncorrected(volatile)),
            "sram_uncorrected": said.total("sram_uncorrected", *_uncorrected(aggregate, "sram"))
            if said.has(aggregate) and not said.has(f"{aggregate}/double_bit")
            else None,
        }
        for kind in ("sram", "dram"):
            if node.find(f"{aggregate}/{kind}_correctable") is not None:
                field = f"{kind}_corrected"
                errors[field] = said.whole(field, f"{aggregate}/{kind}_correctable")
        if node.find(f"{aggregate}/sram_threshold_exceeded") is not None:
            errors["sram_threshold"] = said.switch(
                "sram_threshold", f"{aggregate}/sram_threshold_exceeded"
            )
    if said.has("remapped_rows"):
        errors |= {
            "remapped_uncorrectable": said.whole(
                "remapped_uncorrectable", "remapped_rows/remapped_row_unc"
            ),
            "remap_pending": said.switch("remap_pending", "remapped_rows/remapped_row_pending"),
            "remap_failure": said.switch("remap_failure", "remapped_rows/remapped_row_failure"),
        }
    elif node.find("remapped_rows") is None:
        # Cards before Ampere have no such block; they count pages, and one of both must be there.
        if ecc and not _counts(node):
            said.unread.append("remapped_rows")
    elif said.text("remapped_rows", "remapped_rows") is not None:
        said.unread.append("remapped_rows")
    if _counts(node):
        errors |= {
            "retired_pages": said.total(
                "retired_pages",
                (
                    "retired_pages/multiple_single_bit_retirement/retired_count",
                    "retired_pages/double_bit_retirement/retired_count",
                ),
            ),
            "retirement_pending": said.switch(
                "retirement_pending",
                "retired_pages/pending_retirement",
                "retired_pages/pending_blacklist",
            ),
        }
    fabric: dict[str, Any] = {}
    if node.find("fabric/state") is not None:
        fabric = {
            "fabric": said.text("fabric", "fabric/state"),
            "fabric_status": said.text("fabric_status", "fabric/status"),
        }
    pci_id = said.text("device", "pci/pci_device_id")
    if pci_id is not None and _device_id(pci_id) is None:
        said.unread.append("device")
    return Device(
        index=index,
        pci=bus_address(node.get("id")),
        device=_device_id(pci_id),
        name=said.text("name", "product_name"),
        persistence=said.switch("persistence", "persistence_mode"),
        mig=said.switch("mig", "mig_mode/current_mig"),
        ecc=ecc,
        ecc_pending=said.switch("ecc_pending", "ecc_mode/pending_ecc"),
        power_limit_w=said.number(
            "power_limit_w", f"{power}/current_power_limit", "power_readings/power_limit"
        ),
        power_default_w=said.number(
            "power_default_w", f"{power}/default_power_limit", "power_readings/default_power_limit"
        ),
        temperature_c=said.whole("temperature_c", "temperature/gpu_temp"),
        sm_clock_max=said.whole("sm_clock_max", "max_clocks/sm_clock"),
        pcie_generation=said.whole("pcie_generation", f"{link}/pcie_gen/current_link_gen"),
        pcie_generation_max=said.whole("pcie_generation_max", f"{link}/pcie_gen/max_link_gen"),
        pcie_width=said.whole("pcie_width", f"{link}/link_widths/current_link_width"),
        pcie_width_max=said.whole("pcie_width_max", f"{link}/link_widths/max_link_width"),
        pcie_replays=said.whole("pcie_replays", "pci/replay_counter"),
        reasons=said.reasons(),
        **fabric,
        **errors,
        unread=tuple(dict.fromkeys(said.unread)),
    )


def _counts(node: ET.Element) -> bool:
    """Whether the card counts retired pages: Ampere and newer remap rows instead."""
    said = node.findtext("retired_pages/double_bit_retirement/retired_count") or "N/A"
    return said.strip().strip("[]").upper() not in _NOT_THERE


def _uncorrected(where: str, only: str = "") -> tuple[tuple[str, ...], ...]:
    """The ways in which branches write uncorrectable errors."""
    sram = (
        (f"{where}/sram_uncorrectable_parity", f"{where}/sram_uncorrectable_secded"),
        (f"{where}/sram_uncorrectable",),
    )
    if only == "sram":
        return sram
    dram = (f"{where}/dram_uncorrectable",)
    return ((*sram[0], *dram), (*sram[1], *dram), (f"{where}/double_bit/total",))


def _device_id(text: str | None) -> str | None:
    """``0x233010DE`` or ``233010DE`` → ``2330``."""
    word = (text or "").lower().removeprefix("0x")
    return word[:4] if re.fullmatch(r"[0-9a-f]{4}10de", word) else None
