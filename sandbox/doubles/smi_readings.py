"""Readings of GPUs that are not there: what the stand-in for nvidia-smi says on ``-q -x``.

A double, and silicon's alone: healthy cards, and whatever a test plants in one of them. The
elements are those of nvidia-smi's DTD that an acceptance reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

FOLDER = "/etc/gpuwright-readings"
"""Where the stand-in for nvidia-smi looks for them."""
_REASONS = (
    "gpu_idle",
    "applications_clocks_setting",
    "sw_power_cap",
    "hw_slowdown",
    "hw_thermal_slowdown",
    "hw_power_brake_slowdown",
    "sync_boost",
    "sw_thermal_slowdown",
    "display_clocks_setting",
)
HEALTHY: Mapping[str, str] = {
    "product_name": "Simulated H100 80GB HBM3",
    "persistence_mode": "Enabled",
    "mig_mode/current_mig": "Disabled",
    "pci/pci_device_id": "233010DE",
    "pci/pci_gpu_link_info/pcie_gen/max_link_gen": "5",
    "pci/pci_gpu_link_info/pcie_gen/current_link_gen": "5",
    "pci/pci_gpu_link_info/link_widths/max_link_width": "16x",
    "pci/pci_gpu_link_info/link_widths/current_link_width": "16x",
    "pci/replay_counter": "0",
    "performance_state": "P0",
    "clocks_event_reasons": "gpu_idle",
    "ecc_mode/current_ecc": "Enabled",
    "ecc_mode/pending_ecc": "Enabled",
    "ecc_errors/volatile/sram_correctable": "0",
    "ecc_errors/volatile/sram_uncorrectable_parity": "0",
    "ecc_errors/volatile/sram_uncorrectable_secded": "0",
    "ecc_errors/volatile/dram_correctable": "0",
    "ecc_errors/volatile/dram_uncorrectable": "0",
    "ecc_errors/aggregate/sram_correctable": "0",
    "ecc_errors/aggregate/sram_uncorrectable_parity": "0",
    "ecc_errors/aggregate/sram_uncorrectable_secded": "0",
    "ecc_errors/aggregate/dram_correctable": "0",
    "ecc_errors/aggregate/dram_uncorrectable": "0",
    "ecc_errors/aggregate/sram_threshold_exceeded": "No",
    "retired_pages/multiple_single_bit_retirement/retired_count": "N/A",
    "retired_pages/double_bit_retirement/retired_count": "N/A",
    "retired_pages/pending_retirement": "N/A",
    "remapped_rows/remapped_row_corr": "0",
    "remapped_rows/remapped_row_unc": "0",
    "remapped_rows/remapped_row_pending": "No",
    "remapped_rows/remapped_row_failure": "No",
    "temperature/gpu_temp": "34 C",
    "gpu_power_readings/current_power_limit": "700.00 W",
    "gpu_power_readings/default_power_limit": "700.00 W",
    "clocks/sm_clock": "1980 MHz",
    "max_clocks/sm_clock": "1980 MHz",
    "fabric/state": "Completed",
    "fabric/status": "Success",
}
"""An H100 on a board, by path; ``clocks_event_reasons`` names those that are active."""
VOLTA: Mapping[str, str | None] = {
    "product_name": "Simulated V100-SXM2-32GB",
    "pci/pci_device_id": "1DB510DE",
    "pci/pci_gpu_link_info/pcie_gen/max_link_gen": "3",
    "pci/pci_gpu_link_info/pcie_gen/current_link_gen": "3",
    "mig_mode/current_mig": "N/A",
    **{path: None for path in HEALTHY if path.startswith(("ecc_errors/", "remapped_rows/"))},
    "ecc_errors/volatile/double_bit/total": "0",
    "ecc_errors/aggregate/double_bit/total": "0",
    "remapped_rows": "N/A",
    "retired_pages/multiple_single_bit_retirement/retired_count": "3",
    "retired_pages/double_bit_retirement/retired_count": "0",
    "retired_pages/pending_retirement": "No",
    "fabric/state": "N/A",
    "fabric/status": "N/A",
}
"""What a V100 says in place of that; None: no such element."""


@dataclass(frozen=True)
class Card:
    """One simulated GPU."""

    pci: str
    """``00000000:17:00.0``, as nvidia-smi writes it."""
    said: Mapping[str, str | None] = field(default_factory=dict)
    """What it says in place of `HEALTHY`, by path; None: it leaves the element out."""
    links: Sequence[str] = ("26.562 GB/s",) * 18
    """NVLinks: a speed each, or ``<inactive>``."""


def xml(cards: Sequence[Card], driver: str = "535.309.01") -> str:
    """What ``nvidia-smi -q -x`` prints."""
    body = "".join(f'<gpu id="{card.pci}">\n{_tree(_paths(card))}</gpu>\n' for card in cards)
    return (
        '<?xml version="1.0" ?>\n<!-- SIMULATED: no silicon -->\n<nvidia_smi_log>\n'
        f"<driver_version>{driver}</driver_version>\n{body}</nvidia_smi_log>\n"
    )


def nvlink(cards: Sequence[Card]) -> str:
    """What ``nvidia-smi nvlink -s`` prints."""
    lines = []
    for index, card in enumerate(cards):
        lines.append(f"GPU {index}: Simulated (UUID: GPU-{index})")
        lines += [f"\t Link {number}: {link}" for number, link in enumerate(card.links)]
    return "\n".join(lines) + "\n"


def planted(cards: Sequence[Card]) -> str:
    """Shell text that gives these readings to the stand-in for nvidia-smi on a throwaway host."""
    return (
        f"mkdir -p {FOLDER}\n"
        f"cat >{FOLDER}/smi.xml <<'GPUWRIGHT_READINGS'\n{xml(cards)}GPUWRIGHT_READINGS\n"
        f"cat >{FOLDER}/nvlink.txt <<'GPUWRIGHT_READINGS'\n{nvlink(cards)}GPUWRIGHT_READINGS\n"
    )


def _paths(card: Card) -> dict[str, str]:
    said = {**HEALTHY, **card.said}
    known = {path: value for path, value in said.items() if value is not None}
    if (active := known.pop("clocks_event_reasons", None)) is not None:
        for reason in _REASONS:
            on = "Active" if reason in active.split() else "Not Active"
            known[f"clocks_event_reasons/clocks_event_reason_{reason}"] = on
    return known


def _tree(paths: Mapping[str, str]) -> str:
    nested: dict[str, dict[str, str]] = {}
    text = ""
    for path, value in paths.items():
        head, slash, rest = path.partition("/")
        if slash:
            nested.setdefault(head, {})[rest] = value
        else:
            text += f"<{head}>{escape(value)}</{head}>\n"
    return text + "".join(f"<{head}>\n{_tree(inner)}</{head}>\n" for head, inner in nested.items())
