"""All GPUs that are known: the curated models of ``gpus.yaml``, and those of ``pci.tsv``. Pure.

``pci.tsv`` is drawn from public lists by ``make/pci.py``. A model that ``gpus.yaml`` has with more
detail (boards with NVSwitch) keeps its row there; the drawn names lead to it.
"""

from __future__ import annotations

import bisect
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stacks.catalog.decode import nearest
from stacks.catalog.hardware import Chip, GpuModel, Gpus

_NO_PART = re.compile(r"\b(?:nvidia|geforce|tesla|generation|gpu|edition)\b|[^a-z0-9]+")
_FORM = re.compile(
    r"sxm\d?|pcie?|hbm\d?e?|\d{1,3}(?:g|gb|gib)?|mega|grid|jetson|maxq|mobile|laptop|"
    r"nvidia|geforce|tesla|generation|gpu|edition"
)
"""Words that say how much memory a card has, how it is built in, or who sells it."""
_BOARD = re.compile(r"\b(?:SXM\d?|HGX)\b")
"""Words in a name of a module that hangs on a board's NVSwitches."""
_BRACKETED = re.compile(r"[^\[\]]*\[([^\[\]]+)\][^\[\]]*")
"""As lspci has it: ``NVIDIA Corporation GA102 [GeForce RTX 3080] (rev a1)``."""
_CARD = re.compile(r"SXM\d?|PCIe|HBM\d?e?|\d{1,3}GB", re.IGNORECASE)
_TIMES = (
    re.compile(r"(?P<count>[0-9]{1,4})\s*[x×]\s*(?P<name>\S.*)", re.IGNORECASE),
    re.compile(r"(?P<name>.*\S)\s+[x×]\s*(?P<count>[0-9]{1,4})", re.IGNORECASE),
    re.compile(r"(?P<name>(?:10de:)?[^:]*):(?P<count>.*)", re.IGNORECASE),
)
_DEVICE = re.compile(r"(?:10de:|0x)([0-9a-f]{4})", re.IGNORECASE)


def plain_name(name: str) -> str:
    """A name as people may write it, without what they may leave out.

    ``NVIDIA GeForce RTX 3080``, ``rtx-3080`` and ``RTX_3080`` are one: ``rtx3080``.
    """
    return _NO_PART.sub("", name.lower().replace("_", " "))


def device_id(name: str) -> str | None:
    """The PCI device id that a name is, as in ``10de:2204`` and ``0x2204``; None: it is none."""
    found = _DEVICE.fullmatch(name)
    return found[1].lower() if found else None


def short_name(name: str) -> tuple[str, bool]:
    """A name without the memory and the form of a card, and whether it is a laptop's.

    ``nvidia-a100-80gb`` and ``A100 SXM4`` are ``a100``; a cloud's ``h100-mega-80gb`` is ``h100``.
    """
    words = re.split(r"[^a-z0-9]+", name.lower().replace("max-q", "maxq"))
    kept = "".join(word for word in words if not _FORM.fullmatch(word))
    laptop = bool({"maxq", "mobile", "laptop"} & {*words})
    return re.sub(r"(?:sxm\d?|pcie)$", "", plain_name(kept)), laptop


def _cardless(name: str) -> str:
    """``v100s`` of ``Tesla V100S PCIe 32GB``: what a card has in common with its sisters."""
    return plain_name(" ".join(_without_card(name)))


def _without_card(name: str) -> list[str]:
    return [w for w in re.split(r"[\s-]+", name) if not _CARD.fullmatch(w)]


def counted(said: str) -> tuple[str, str | None]:
    """A GPU's name or PCI id, and what is said of its count, if anything is.

    ``h100:8``, ``8x H100``, ``H100 x8`` and ``10de:2330:8`` are eight; ``10de:2330`` says none.
    """
    said = said.strip()
    if _DEVICE.fullmatch(said):
        return said, None
    found = next((match for form in _TIMES if (match := form.fullmatch(said))), None)
    return (found["name"], found["count"]) if found else (said, None)


@dataclass(frozen=True)
class GpuTable:
    """Every known GPU, and the ways to it."""

    models: Mapping[str, GpuModel]
    """By key: the curated ones first."""
    pci: Mapping[str, str]
    """PCI device id, four hexadecimal digits in lower case, to key."""
    names: Mapping[str, str]
    """Names as `plain_name` gives them to key."""
    first_branches: Mapping[str, str]
    """First driver branch by key; a model that is not here is older than all of them."""
    called: Mapping[str, str]
    """Names as `plain_name` gives them, to the same as its maker writes it: ``a2`` to ``A2``."""
    ages: tuple[tuple[int, str], ...]
    """Device ids in their order, each with its generation: NVIDIA numbers as time goes."""

    def key(self, name: str) -> str | None:
        """The key of a GPU by the name that a person uses; None: no GPU is called so."""
        if name in self.models:
            return name
        if device := device_id(name):
            return self.pci.get(device)
        word = self._word(name)
        return self.names[word] if word else None

    def shown(self, name: str) -> str | None:
        """What that GPU is called where a person used a name that it shares with another.

        None: it is called as the table calls it. ``A2`` for ``a2``, which has the id of an A16.
        """
        key = self.key(name)
        word = None if key is None or key == name else self._word(name)
        shown = self.called.get(word or "")
        same = shown is None or key is None or plain_name(self.models[key].name) == word
        return None if same or word == key else shown

    def called_by(self, said: Iterable[str]) -> dict[str, str]:
        """Keys to the names of `shown`; a GPU that is called by two names is called by its own."""
        found: defaultdict[str, dict[str | None, None]] = defaultdict(dict)
        for name in said:
            if key := self.key(name):
                found[key][self.shown(name)] = None
        alone = {key: next(iter(names)) for key, names in found.items() if len(names) == 1}
        return {key: name for key, name in alone.items() if name}

    def _word(self, name: str) -> str | None:
        """The one of `names` that a person means."""
        if bracketed := _BRACKETED.fullmatch(name):
            name = bracketed[1]
        short, laptop = short_name(name)
        wanted = (f"{short}laptop", f"{short}mobile", short) if laptop else (short,)
        tried = [p + word for word in wanted for p in ("", "rtx", "gtx", "quadro", "titan")]
        return next((w for w in (plain_name(name), *tried) if w in self.names), None)

    def like(self, name: str) -> str:
        """Which GPUs are called about so, as a sentence for a person."""
        called = [key for key, model in self.models.items() if not key.endswith(model.pci[:1])]
        word = plain_name(name)
        close = [key for key in called if word and key.startswith(word)]
        close = close or [key for key in called if self.models[key].generation == word]
        close = close[:4] or nearest(word, called)
        meant = f"Did you mean {' or '.join(close)}? " if close else ""
        return f"{meant}{len(self.models)} GPUs are known by names such as rtx3090, a16 or h100."

    def generation_beside(self, pci_id: str) -> str:
        """Generation of the known device whose id is the nearest, of its chip's block if one is."""
        number = int(pci_id, 16)
        at = bisect.bisect_left(self.ages, (number, ""))
        around = self.ages[max(at - 1, 0) : at + 1]
        # A chip has a block of 128 ids, so a farther one in the same block is the nearer kin.
        return min(around, key=lambda age: (age[0] >> 7 != number >> 7, abs(age[0] - number)))[1]


@dataclass(frozen=True)
class _Device:
    pci: str
    chip: Chip
    names: tuple[str, ...]
    first: str
    base: str

    @property
    def name(self) -> str:
        return self.names[0] if self.names else f"{self.base} {self.pci}"


def gpu_table(gpus: Gpus, drawn: str) -> GpuTable:
    """The curated GPUs with the drawn ones.

    Args:
        gpus: ``gpus.yaml``.
        drawn: Text of ``pci.tsv``: device, chip, names, first branch, with tabs between.
    """
    models = dict(gpus.models.rows)
    pci = {device: key for key, model in models.items() for device in model.pci}
    first = dict(gpus.first_branches.rows)
    ages = {int(device, 16): models[key].generation for device, key in pci.items()}
    called: defaultdict[str, dict[str, None]] = defaultdict(dict)
    shorter: defaultdict[str, dict[str, None]] = defaultdict(dict)
    written: dict[str, str] = {}
    alike: defaultdict[tuple[str, Chip], list[_Device]] = defaultdict(list)
    for device in _devices(gpus, drawn):
        ages[int(device.pci, 16)] = device.chip.generation
        for name in device.names:
            written.setdefault(plain_name(name), name)
            written.setdefault(_cardless(name), " ".join(_without_card(name)))
        if device.pci in pci:
            for name in device.names:
                called[plain_name(name)][pci[device.pci]] = None
                shorter[_cardless(name)][pci[device.pci]] = None
        else:
            alike[plain_name(device.name), device.chip].append(device)
    chips = defaultdict(set)
    for name, chip in alike:
        chips[name].add(chip)
    for (name, _chip), devices in alike.items():
        alone = len(chips[name]) == 1 and name not in models
        key = name if alone else f"{name}{devices[0].base.lower()}"
        models[key] = _model(devices)
        pci |= {device.pci: key for device in devices}
        known_from = [int(device.first) for device in devices if device.first]
        if known_from:
            first[key] = str(max(known_from))
        for word in (n for device in devices for n in device.names):
            called[plain_name(word)][key] = None
            shorter[_cardless(word)][key] = None
    for key, model in gpus.models.rows.items():
        called[plain_name(model.name)] = {key: None}
    # A name of two different chips is none: each has its key with the chip in it.
    names = {
        name: next(iter(keys))
        for name, keys in (shorter | called).items()
        if _cardless(name) and len({(models[k].generation, models[k].sm) for k in keys}) == 1
    }
    return GpuTable(
        MappingProxyType(models),
        MappingProxyType(pci),
        MappingProxyType(names | {plain_name(key): key for key in models}),
        MappingProxyType(first),
        MappingProxyType({word: name for word, name in written.items() if word in names}),
        tuple(sorted(ages.items())),
    )


def _devices(gpus: Gpus, drawn: str) -> Iterator[_Device]:
    for line in drawn.splitlines():
        if line.startswith("#"):
            continue
        pci, whole, names, first = line.split("\t")
        fits = [name for name in gpus.chips.rows if whole.startswith(name)]
        if fits:
            chip = gpus.chips.rows[max(fits, key=len)]
            base = whole.rstrip("GLM") if whole[-1] in "LM" else whole
            yield _Device(pci, chip, tuple(filter(None, names.split(" / "))), first, base)


def _model(devices: list[_Device]) -> GpuModel:
    one = devices[0]
    boards = tuple(d.pci for d in devices if any(map(_BOARD.search, d.names)))
    return GpuModel(
        name=one.name,
        generation=one.chip.generation,
        sm=one.chip.sm,
        pci=tuple(device.pci for device in devices),
        sxm=boards,
        nvswitch=bool(boards),
    )
