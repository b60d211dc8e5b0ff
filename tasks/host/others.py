"""Settings of others that are in a run's way, with the file and the line of each. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from facts.model.host import HostState
from facts.model.packages import Release
from facts.model.settings import Pin, SettingLine
from stacks.model.messages import Conflict, Notice
from stacks.model.plan import Plan
from tasks.health import login_rules
from tasks.hostdata.network import NetworkSettings
from tasks.repositories import archive_identity
from tasks.verify.parts import parts

DEFAULT_RELEASE = "APT::Default-Release"
_TAKEN = ("index-url", "trusted-host")
"""Settings of pip that gpuwright reads, or that change nothing of its own runs or the user's."""
_PYTHON = re.compile(r"\b((?:UV|PIP|PYTHON)_?[A-Z0-9_]*)=")
_PROXY = re.compile(r"\b((?:https?|all)_proxy)=|^\s*(proxy)\s*=", re.IGNORECASE)
_SOURCE = "apt_preferences(5)"


def conflicts(state: HostState, plan: Plan) -> tuple[Conflict, ...]:
    """Settings of apt under which the plan's packages cannot be installed."""
    if state.package_manager.kind != "apt" or not any(p.to_come for p in parts(state, plan)):
        return ()
    return (*_broken_preferences(state), *_default_release(state), *_pinned_away(state, plan))


def notices(state: HostState, network: NetworkSettings) -> tuple[Notice, ...]:
    """Settings that a run passes over, or that others of the host will meet."""
    return (*_python(state), *_proxies(state, network))


def _broken_preferences(state: HostState) -> Iterator[Conflict]:
    for pin in state.others.pins:
        if pin.packages and pin.priority is not None and pin.pin:
            continue
        lacks = "Package" if not pin.packages else "Pin" if not pin.pin else "Pin-Priority"
        yield Conflict(
            "APT-PREFERENCES",
            "apt refuses to work with the preferences of this host",
            f"the record at {pin.place} has no {lacks} that apt could read",
            (f"correct or remove it, then try: apt-cache policy ({pin.file})",),
            _SOURCE,
        )


def _default_release(state: HostState) -> Iterator[Conflict]:
    said = state.others.apt.get(DEFAULT_RELEASE, "")
    if not said or _is_ours(state, said):
        return
    line = _apt_line(state, "default-release")
    yield Conflict(
        "APT-DEFAULT-RELEASE",
        f"apt takes packages of another release first: {DEFAULT_RELEASE} is {said}",
        f"{line} sets it; this host is {state.system.pretty or state.system.os}",
        (f"take it out of {line}, or let it name {state.system.codename}",),
        "apt.conf(5), Default-Release",
    )


def _is_ours(state: HostState, said: str) -> bool:
    """Whether a default release is the host's own: by codename, suite or version."""
    own = _own_releases(state)
    suites = {r.suite for r, _ in own}
    if not own and said in ("stable", "oldstable", "oldoldstable"):
        return True  # nothing was read that could tell
    version = state.system.os.partition("-")[2]
    for word in said.split(","):
        key, mark, value = word.strip().partition("=")
        wanted = (value if mark else key).strip()
        if mark and key.strip() not in ("a", "n", "v", "release"):
            continue
        names = {state.system.codename, *suites, version}
        names |= {r.version for r, _ in own}
        if not any(
            name and (fnmatchcase(name, wanted) or _as_expression(wanted, name)) for name in names
        ):
            return False
    return True


def _pinned_away(state: HostState, plan: Plan) -> Iterator[Conflict]:
    """Records with a negative priority over packages that a run would bring.

    Those of the planned versions are pinned higher in their own transaction and need no leave.
    """
    driver, cuda = plan.driver, plan.cuda
    names = [
        *(driver.headers if driver else ()),
        *(("dkms",) if driver and driver.modules == "dkms" else ()),
        *(cuda.compiler_packages if cuda else ()),
    ]
    lacking = [n for n in dict.fromkeys(names) if not _installed(state, n)]
    for pin in state.others.pins:
        if pin.priority is None or pin.priority >= 0 or "gpuwright" in pin.file:
            continue
        away = [n for n in lacking if _names(pin, n) and not _let_in(state, n)]
        if away and _covers(state, pin):
            yield Conflict(
                "APT-PIN",
                f"apt is told never to install {' '.join(away[:4])}, which the plan needs",
                f"the record at {pin.place} gives {' '.join(pin.packages)[:80]} the priority "
                f"{pin.priority} (Pin: {pin.pin[:80]})",
                (
                    f"take these packages out of it, or remove it: {pin.file}",
                    f"apt-cache policy {away[0]} shows what is left",
                ),
                _SOURCE,
            )


def _let_in(state: HostState, name: str) -> bool:
    """Whether a record for this very package lets it in: it counts before one for patterns."""
    return any(
        name in pin.packages and (pin.priority or 0) > 0 and _covers(state, pin)
        for pin in state.others.pins
    )


def _names(pin: Pin, name: str) -> bool:
    return any(fnmatchcase(name, p) or _as_expression(p, name) for p in pin.packages)


def _as_expression(pattern: str, text: str) -> bool:
    """Whether a pattern between slashes, which is an expression of POSIX, is found in the text."""
    if len(pattern) < 3 or pattern[0] != "/" or pattern[-1] != "/" or len(pattern) > 80:
        return False
    if re.search(r"[*+{?]\)?[*+{?]|\)[*+{]", pattern):  # these can take for ever
        return False
    try:
        return bool(re.search(pattern[1:-1], text[:120]))
    except re.error:
        return False


def _covers(state: HostState, pin: Pin) -> bool:
    """Whether a record is about versions of the host's own archives."""
    kind, _, rest = pin.pin.partition(" ")
    rest = rest.strip().strip('"')
    own = _own_releases(state)
    if kind == "version":
        return rest == "*"
    if kind == "origin":
        return any(fnmatchcase(host, rest or "?*") for _, host in own)
    if kind != "release":
        return False
    return any(_meets(release, rest) for release, _ in own) or (rest == "*" and not own)


def _meets(release: Release, conditions: str) -> bool:
    values = {
        "o": release.origin,
        "l": release.label,
        "a": release.suite,
        "n": release.codename,
        "v": release.version,
    }
    for word in conditions.split(","):
        key, mark, wanted = word.strip().partition("=")
        if not mark:
            key, wanted = "a", key
        if key == "c":
            continue  # a component: of which one a package is, is not known here
        if not fnmatchcase(values.get(key) or "", wanted.strip().strip('"')):
            return False
    return True


def _own_releases(state: HostState) -> list[tuple[Release, str]]:
    """Release files of the host's own archives that were read, each with the archive's host."""
    return [
        (release, urlsplit(uri).hostname or "")
        for source in state.package_manager.sources
        for uri in source.uris
        for suite in source.suites
        if archive_identity.own(state, source, uri, suite)
        and (release := archive_identity.release_of(state, uri, suite)) is not None
    ]


def _installed(state: HostState, name: str) -> bool:
    package = state.packages.get(name)
    return package is not None and package.installed


def _apt_line(state: HostState, word: str) -> str:
    found = [line.place for line in state.others.apt_lines if word in line.text.lower()]
    return found[-1] if found else "a file of /etc/apt/apt.conf.d"


def _python(state: HostState) -> Iterator[Notice]:
    """What pip, uv and Python do for users of the host, and not for us.

    PIP-SETTING names what belongs to pip and uv, and USER-SETTING what changes Python itself: the
    verdict names that again under the same code, once it has looked as a login does.
    """
    found = [
        f"{line.place} {line.text}" for line in state.others.pip_lines if line.text not in _TAKEN
    ]
    python: list[str] = []
    for line in state.others.environment:
        names = [n for n in _PYTHON.findall(line.text) if not login_rules.HARMLESS.match(n)]
        if names:  # a line that sets several is one line
            ours = python if any(name.startswith("PYTHON") for name in names) else found
            ours.append(f"{line.place} {', '.join(names)}")
    found += state.others.uv_files
    if python:
        yield Notice(
            "USER-SETTING",
            "Variables of Python are set for every login of this host.",
            f"Seen: {'; '.join(python[:6])}. gpuwright's own runs pass over them; what people run "
            "in the environment has them.",
            "If torch is not found or another one is imported there, remove them.",
            "python(1), Environment variables",
        )
    if found:
        yield Notice(
            "PIP-SETTING",
            "Settings of pip or uv are in force for logins of this host.",
            f"Seen: {'; '.join(found[:6])}. gpuwright's own runs pass over them; what people run "
            "in the environment has them.",
            "If a package is not found there, or another one comes, remove them.",
            "pip documentation, Configuration",
        )


def _proxies(state: HostState, network: NetworkSettings) -> Iterator[Notice]:
    apt = [line for line in state.others.apt_lines if "proxy" in line.text.lower()]
    apt = [line for line in apt if _in_force(state)]
    rest = [line for line in state.others.environment if _PROXY.search(line.text)]
    if network.proxy and (apt or rest):
        places = ", ".join(line.place for line in [*apt, *rest][:6])
        yield Notice(
            "PROXY-OTHER",
            "Host data proxy wins over proxies that the host has.",
            f"Seen: {places}. They stay as they are, for everything that is not gpuwright's.",
            "Nothing has to be done; take proxy out of the host's data to use those.",
            "docs/host-data.md",
        )
    elif apt and not rest:
        yield _apt_only(apt[-1])


def _apt_only(line: SettingLine) -> Notice:
    return Notice(
        "PROXY-APT-ONLY",
        "apt has a proxy, and no other program of this host has one.",
        f"{line.place} sets it. Wheels and tarballs are fetched by uv and curl, straight.",
        "If the host has no other way out, name it in the host's data: `proxy: http://host:port`.",
        "apt-transport-http(1), Proxy configuration",
    )


def _in_force(state: HostState) -> bool:
    return any(
        "proxy" in key.lower() and value and value.upper() != "DIRECT"
        for key, value in state.others.apt.items()
    )
