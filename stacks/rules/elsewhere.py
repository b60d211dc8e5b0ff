"""What the catalogue knows that would serve where a host does not: facts for remedies, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stacks.catalog.distributions import Distribution, DriverOffer
from stacks.catalog.read import Catalog
from stacks.catalog.releases import family_of, version_of
from stacks.model.containers import Engine
from stacks.rules.case import numbers

_WRITTEN = {"rhel": "RHEL", "almalinux": "AlmaLinux", "centos": "CentOS"}


def called(key: str) -> str:
    """A distribution's short name: ``Debian 12`` of ``debian-12``."""
    family, _, release = key.partition("-")
    return f"{_WRITTEN.get(family, family.capitalize())} {release}"


def listed(keys: Iterable[str]) -> str:
    """Distributions in words, the releases of one family together: ``Debian 12 and 13``."""
    families: dict[str, list[str]] = {}
    for key in keys:
        family, _, release = key.partition("-")
        families.setdefault(family, []).append(release)
    return ", ".join(called(f"{name}-{' and '.join(found)}") for name, found in families.items())


def current(catalog: Catalog, family: str) -> list[str]:
    """Releases of a family that are not old: those that an image may be based on."""
    return [key for key in catalog.image.bases.rows if key.startswith(f"{family}-")]


def _oldest(keys: Iterable[str], family: str) -> str:
    """The oldest release of a family among distributions."""
    mine = [key for key in keys if key.startswith(f"{family}-")]
    return min(mine, key=lambda key: numbers(key.partition("-")[2]))


# ---- drivers


def maintained_branch(catalog: Catalog) -> tuple[str, str]:
    """The driver branch that NVIDIA maintains longest, and the month when that ends."""
    rows = catalog.drivers.branches.rows
    ends = {name: row.eol for name, row in rows.items() if row.kind == "LTS" and row.eol}
    branch = max(ends, key=lambda name: ends[name])
    return branch, ends[branch]


def with_own_driver(catalog: Catalog) -> list[str]:
    """Distributions whose own driver is installed for real in the tests."""
    return [
        key
        for key, dist in catalog.distributions.items()
        if any(offer.support == "live" for offer in dist.drivers)
    ]


def open_module(catalog: Catalog) -> tuple[str, DriverOffer]:
    """A distribution whose own open module can be installed, and that module.

    Raises:
        StopIteration: The catalogue has none.
    """
    return next(
        (key, offer)
        for key, dist in catalog.distributions.items()
        for offer in dist.drivers
        if offer.origin == "debian"
        and offer.flavour == "open"
        and not offer.unsatisfiable_with_security
    )


# ---- distributions


def installed_for_real(catalog: Catalog) -> str:
    """The distribution on which everything is installed for real in the tests."""
    return next(called(key) for key, dist in catalog.distributions.items() if is_real(dist))


def is_real(dist: Distribution) -> bool:
    """Whether everything is installed for real there in the tests."""
    return any(offer.support == "live" for offer in dist.cuda)


def with_arch(catalog: Catalog, arch: str) -> str:
    """Distributions planned for an architecture; a family alone means all of its releases."""
    found = []
    for family in ("debian", "ubuntu", "rocky"):
        mine = [key for key in catalog.distributions if key.startswith(f"{family}-")]
        fit = [key for key in mine if arch in catalog.distributions[key].arches]
        found.append(family.capitalize() if fit == mine else listed(fit))
    return ", ".join(found)


def c_libraries(catalog: Catalog, *keys: str) -> str:
    """The C libraries of distributions: ``Debian 12 has 2.36, Rocky 8 2.28``."""
    *most, last = [(called(key), catalog.distributions[key].glibc) for key in keys]
    return ", ".join([f"{name} has {version}" for name, version in most] + [" ".join(last)])


def closest(catalog: Catalog, family: str, version: str, own: bool = True) -> str | None:
    """The family's release that comes nearest to ``version``, which has no row or no use.

    Only those count from whose NVIDIA repository something may be taken. ``own`` says whether the
    version is the family's own: then it is the newest one that is not newer, or the oldest; else
    the one of that number (Oracle Linux 9 and RHEL 9), or the newest (Amazon Linux 2023).
    """
    table, wanted = catalog.repositories, numbers(version)
    found: dict[str, tuple[int, ...]] = {}
    for key, dist in catalog.distributions.items():
        folder = dist.nvidia_repository
        known = folder and table.keys[table.repositories[folder]].fingerprint
        if known and family_of(key) == family:
            found[key] = numbers(version_of(key))
    if own and wanted:
        below = [key for key, number in found.items() if number <= wanted]
        oldest = min(found, key=lambda key: found[key], default=None)
        return max(below, key=lambda key: found[key]) if below else oldest
    same = [key for key, number in found.items() if number[:1] == wanted[:1]]
    return max(same or found, key=lambda key: found[key], default=None)


# ---- engines


def _with_engine(catalog: Catalog, engine: Engine, fits: Callable[[str], bool]) -> list[str]:
    offers = {key: row.offer(engine) for key, row in catalog.containers.archives.items()}
    return [key for key, offer in offers.items() if offer is not None and fits(offer.version)]


def with_podman(catalog: Catalog, oldest: str) -> str:
    """The oldest release of each family with a podman of this version or later."""
    found = _with_engine(catalog, "podman", lambda v: numbers(v) >= numbers(oldest))
    release = _oldest(found, "rhel").partition("-")[2]
    known = [called(_oldest(found, family)) for family in ("debian", "ubuntu")]
    return ", ".join([*known, f"release {release} or later of the Red Hat family"])


def with_engine(catalog: Catalog, engine: Engine) -> list[str]:
    """Distributions whose archive has the engine, those first that were looked at by us."""
    rows = catalog.containers.archives
    found = [
        key for key in _with_engine(catalog, engine, lambda v: True) if key in catalog.distributions
    ]
    return sorted(found, key=lambda key: rows[key].confidence != "primary-checked")
