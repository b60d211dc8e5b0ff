"""What others have set on the host, with the file and the line where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.model.shown import Shown


@dataclass(frozen=True)
class SettingLine(Shown):
    """One line of a settings file."""

    file: str
    line: int
    """From 1 on."""
    text: str
    """As it stands there; passwords in addresses are hidden."""

    @property
    def place(self) -> str:
        """``/etc/environment:3``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Pin(Shown):
    """One record of apt's preferences (apt_preferences(5))."""

    file: str
    line: int
    """Of its first field."""
    packages: tuple[str, ...]
    """Names and patterns; empty: the record has no ``Package`` field, and apt refuses the file."""
    pin: str
    """``version 535.*``, ``release o=Debian``, ``origin "mirror.example.org"``."""
    priority: int | None
    """None: it has none, or none that is a number, and apt refuses the file."""

    @property
    def place(self) -> str:
        """``/etc/apt/preferences.d/no-nvidia:4``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class HostSettings(Shown):
    """Settings for all logins and for the package managers that are not of our making."""

    environment: tuple[SettingLine, ...] = ()
    """Lines that set a proxy, or a variable of Python, pip, uv or certificates, for all logins; of
    the latter without their value. ``proxy`` of dnf is among them."""
    apt: Mapping[str, str] = field(default_factory=dict)
    """apt's own settings as it takes them: ``APT::Default-Release``, ``Acquire::http::Proxy`` …"""
    apt_lines: tuple[SettingLine, ...] = ()
    """Lines of apt's configuration files that name one of these."""
    pins: tuple[Pin, ...] = ()
    uv_files: tuple[str, ...] = ()
    """Configuration files of uv that are there."""
    pip_lines: tuple[SettingLine, ...] = ()
    """Lines of pip's configuration files that set something, without values."""
