"""What else would serve a host: other stacks of ours, other distributions, another GPU."""

from __future__ import annotations

import functools

from stacks.catalog.distributions import Distribution
from stacks.load import load_stack, stack_names
from stacks.model.change import Change, Way
from stacks.model.requests import Stack
from stacks.model.versions import minor
from stacks.rules import gpu as gpu_rules
from stacks.rules.case import Case, names, numbers

_shipped = functools.cache(load_stack)
_names = functools.cache(stack_names)


def stacks(case: Case) -> list[Way]:
    """Stacks of ours whose PyTorch has code for these GPUs, and a Python on this host."""
    found = []
    for name in _names():
        other = _shipped(name)
        board = name.startswith("jetson-")  # a Jetson has ways of its own
        if name != case.stack.name and not board and other.torch and _runs(case, other):
            beside = f" and CUDA {other.cuda.version}" if other.cuda and case.stack.cuda else ""
            text = (
                f"Take PyTorch {other.torch.version}{beside}: {{how}}. See what that gives: "
                f"`{case.command(stack=name)}`."
            )
            found.append(Way(text, Change(dict.fromkeys(said(case, "torch")), name)))
    return found[::-1]  # the newest first


def said(case: Case, part: str) -> list[str]:
    """Names of host data about a part of the stack that somebody said."""
    return [name for name in case.stack.said if name.startswith(f"{part}_")]


def _runs(case: Case, other: Stack) -> bool:
    assert other.torch is not None
    release = case.catalog.pytorch.releases.get(minor(other.torch.version))
    request, dist, arch = other.torch, case.dist, case.profile.arch
    if release is None or dist is None:
        return False
    pythons = {*dist.pythons, *(case.profile.pythons or ())}
    return (
        any(version in release.pythons for version in pythons)
        and numbers(case.profile.glibc or dist.glibc) >= numbers(release.glibc)
        and any(
            arch in variant.sm
            and request.variant in (None, key)
            and request.cudnn in (None, variant.cudnn.split(".")[0])
            and _all_run(case, variant.sm[arch])
            for key, variant in release.variants.items()
        )
    )


def _all_run(case: Case, codes: tuple[str, ...]) -> bool:
    cards = [numbers(card.model.sm) for card in case.cards if card.model.sm]
    have = [numbers(code) for code in codes]
    return all(any(c[0] == sm[0] and c[1] <= sm[1] for c in have) for sm in cards)


def without(part: str, text: str) -> Way:
    """Leave a part of the stack out."""
    return Way(f"{text}: {{how}}.", Change.of(without=(part,)))


def omitted(text: str, *asked: str) -> Way:
    """Omit what host data ask for."""
    return Way(f"{text}: {{how}}.", Change(dict.fromkeys(asked)))


def one_of_them(case: Case, why: str) -> Way:
    """Cards that no host can have together: what one of them gets; a known one first."""
    first = min(case.cards, key=lambda card: not card.is_known)
    text = f"Put the GPUs into different hosts: {why}. What {first.model.name} gets: {{how}}."
    return Way(text, Change.to(gpus=(first.word,)))


def another_gpu(case: Case) -> Way:
    """A GPU that every stack serves."""
    good = case.catalog.gpus.models.rows["t4"]
    text = f"Use a newer GPU than {names(case.cards)}, such as a {good.name}: {{how}}."
    return Way(text, Change(dict.fromkeys(said(case, "driver")), host={"gpus": ("t4",)}))


def distributions(case: Case) -> list[Way]:
    """The first distribution that has a driver for these GPUs, whatever is asked for."""
    able = gpu_rules.flavours(case)

    def drives(dist: Distribution) -> bool:
        return case.profile.arch in dist.arches and any(
            offer.default
            and case.profile.arch in offer.arches
            and offer.flavour in able
            and gpu_rules.in_window(case, int(offer.branch))
            for offer in dist.drivers
        )

    found = {key: d for key, d in case.catalog.distributions.items() if drives(d)}
    return [
        Way(
            f"Use a distribution whose drivers cover this GPU, such as {found[key].name}: {{how}}.",
            Change(dict.fromkeys(said(case, "driver")), host={"os": key}),
        )
        for key in [key for key in found if key != case.profile.os][:1]
    ]
