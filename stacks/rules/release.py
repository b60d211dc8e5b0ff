"""Which row of the catalogue a host's distribution is, and what comes nearest to one without."""

from __future__ import annotations

from dataclasses import replace

from stacks.catalog.decode import nearest
from stacks.catalog.distributions import Distribution
from stacks.catalog.read import Catalog
from stacks.catalog.releases import Family, Other, family_of, understood, version_of
from stacks.model.change import Change, Way
from stacks.model.host import HostProfile
from stacks.rules import elsewhere
from stacks.rules.case import Case

_ALIKE = 0.8
"""How much a misspelt family must look like one of the catalogue, from 0 to 1 (`difflib`)."""


def named(profile: HostProfile, catalog: Catalog) -> HostProfile:
    """The profile with its distribution called as in the catalogue, as far as it can be told.

    Debian's testing has no number in its ``/etc/os-release``; its codename tells the release.
    """
    keys, known = catalog.distributions, catalog.releases
    found = understood(profile.os, known, keys)
    by_code = known.codenames.get(profile.codename or "", "")
    if found in known.families and family_of(by_code) == found:
        found = by_code
    return profile if found == profile.os else replace(profile, os=found)


def distribution(case: Case) -> Distribution | None:
    """The host's row; ``None`` after OS-UNSUPPORTED or ARCH-UNSUPPORTED."""
    dist = case.catalog.distributions.get(case.profile.os)
    if dist is None:
        _unsupported(case)
        return None
    case.dist = dist
    if case.profile.arch not in dist.arches:
        case.conflict(
            "ARCH-UNSUPPORTED",
            f"{dist.name} on {case.profile.arch} is not planned.",
            f"Known architectures: {', '.join(dist.arches)}.",
            Way(
                f"Use x86_64: {{how}} (or aarch64 on "
                f"{elsewhere.with_arch(case.catalog, 'aarch64')}).",
                Change.to(arch="x86_64"),
            ),
        )
        return None
    return dist


def _unsupported(case: Case) -> None:
    """OS-UNSUPPORTED, with what comes nearest: first of the remedies, for trying it out."""
    catalog, key = case.catalog, case.profile.os
    ident, version = family_of(key), version_of(key)
    rows: dict[str, Family | Other] = {**catalog.releases.others, **catalog.releases.families}
    real = next(k for k, d in catalog.distributions.items() if elsewhere.is_real(d))
    known = f"Known: {', '.join(catalog.distributions)}."
    name = f"{rows[ident].name} {version}".strip() if ident in rows else f'"{key}"'
    what, near = f"{name} is not in the catalogue.", None
    if ident in catalog.releases.families and not version:
        what = f'"{key}" does not tell which release of {rows[ident].name} is meant.'
        why, near = "Releases differ in kernel, Python and repositories.", _newest(case, ident)
    elif ident not in rows and (near := _spelt(case)):
        why = f"Did you mean {near}?"
    else:
        near, because = _near(case)
        own = "Its own packages and kernels are not known: nothing is installed on it by likeness."
        why = f"{because} {own}" if near else because
    use = near or real
    case.conflict(
        "OS-UNSUPPORTED",
        what,
        f"{why} {known}",
        Way(f"Use {elsewhere.called(use)}: `{case.command(os=use)}`.", Change.to(os=use)),
        *(
            [f"Use {elsewhere.called(real)}, whose own packages tests install for real."]
            if use != real
            else []
        ),
        "Add it to stacks/catalog/distributions.yaml, with its source.",
    )


def _newest(case: Case, family: str) -> str | None:
    return elsewhere.closest(case.catalog, family, "")


def _spelt(case: Case) -> str | None:
    """The release of the catalogue whose name was misspelt: ``debain-12``."""
    key, known = case.profile.os, case.catalog.releases
    if case.profile.like:
        return None  # a host's own words are no misspelling
    alike = nearest(family_of(key), known.families, 1, _ALIKE)
    keys = case.catalog.distributions
    meant = understood(f"{alike[0]}-{version_of(key)}", known, keys) if alike else ""
    return meant if meant in keys else None


def _near(case: Case) -> tuple[str | None, str]:
    """The release that comes nearest to one that is no row, and why it is that; or why none is."""
    catalog, key = case.catalog, case.profile.os
    ident, version, known = family_of(key), version_of(key), catalog.releases
    if family := known.families.get(ident):
        kin = elsewhere.closest(catalog, family.kin, version, own=False) if family.kin else None
        own = elsewhere.closest(catalog, ident, version)
        if kin and (own is None or version_of(kin) == version.partition(".")[0]):
            return kin, f"Nearest is {elsewhere.called(kin)}, whose packages it has."
        if own:
            return own, f"Nearest is {elsewhere.called(own)}, another release of it."
    other = known.others.get(ident)
    for word in case.profile.like or (other.like if other else ()):
        found = known.kin.get(word)
        if found is None:
            continue
        said = f" (it says ID_LIKE={word})" if case.profile.like else ""
        if found.family is None:
            return None, f"It has {found.why}{said}, and nothing of the catalogue has."
        own_code = known.codenames.get(case.profile.codename or "", "")
        code = own_code or known.base(ident, version)
        made_from = code in catalog.distributions and family_of(code) == found.family
        near = code if made_from else elsewhere.closest(catalog, found.family, version, own=False)
        if near:
            what_of = case.profile.codename if own_code else "its packages"
            since = f"made from {what_of}" if made_from else found.why
            return near, f"Nearest is {elsewhere.called(near)}: {since}{said}."
    return None, "Nothing tells what it is like."
