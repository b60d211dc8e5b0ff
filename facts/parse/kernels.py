"""Installed kernels, and the one that boots next."""

from __future__ import annotations

import re

from facts.model.boot import BootMenu, Kernel, Kernels
from facts.parse import grub
from facts.parse.debversion import version_key
from facts.parse.sections import ProbeError, Section

_COMPILER = re.compile(r"/boot/config-(.+?):CONFIG_CC_VERSION_TEXT=\"(.*)\"$")
_OPTION = re.compile(
    r"(?:/boot/config-([^:/]+)|/lib/modules/([^:/]+)/(?:config|build/\.config)):(CONFIG_\w+)=y$"
)
_MODULES = "/lib/modules/"
_CHOICE = re.compile(r"^(/[^:]+):\s*(?:export\s+)?(\w+)=(.*)$")


def _images(lines: list[str]) -> set[str]:
    found = set()
    for line in lines:
        if line.startswith(_MODULES):
            found.add(line[len(_MODULES) :].split("/")[0])
        elif release := grub.release_of(line):
            found.add(release)
    # Rescue images of dracut boot no kernel of the host's own.
    return {r for r in found if not r.startswith("0-rescue-") and not r.endswith((".old", ".bak"))}


def _boot_entry(section: Section, env: dict[str, str]) -> tuple[str, str] | None:
    """Boot Loader Specification entries, as Fedora's and RHEL's GRUB reads them."""
    entries: dict[str, str] = {}
    for line in section.part("entries"):
        path, _, text = line.partition(":")
        words = text.split()
        if len(words) > 1 and words[0] == "linux" and (release := grub.release_of(words[1])):
            entries[path.rsplit("/", 1)[-1].removesuffix(".conf")] = release
    saved = env.get("next_entry") or env.get("saved_entry") or ""
    return (entries[saved], f"boot loader entry {saved!r}") if saved in entries else None


def _next_boot(section: Section, bootable: list[str]) -> tuple[str | None, str]:
    env: dict[str, str] = {}
    for path, lines in section.files():
        if path.endswith("/grubenv"):
            env |= grub.environment(lines)
    for path, lines in section.files():
        if path.endswith("/grub.cfg") and (found := grub.next_boot(lines, env)):
            return found
    if entry := _boot_entry(section, env):
        return entry
    if not bootable:
        return None, "no kernel image with modules in /boot"
    newest = bootable[-1]
    why = "newest installed; no boot loader menu was read"
    links = {grub.release_of(line) for line in section.part("links")} - {None}
    if links and newest not in links:
        why += f" (/vmlinuz leads to {', '.join(sorted(filter(None, links)))})"
    return newest, why


def _menu(section: Section) -> BootMenu | None:
    """GRUB's settings: the last one counts (grub-mkconfig reads the file, then its drop-ins)."""
    config = next((path for path, _ in section.files() if path.endswith("/grub.cfg")), None)
    if config is None:
        return None
    said: dict[str, tuple[str, str]] = {}
    for line in section.part("choice"):
        if (match := _CHOICE.match(line)) and "gpuwright" not in match[1]:
            said[match[2]] = (match[3].strip(), match[1])
    default, where = said.get("GRUB_DEFAULT", ("0", ""))
    return BootMenu(
        config=config,
        default=default.strip("\"'"),
        default_in=where,
        saves=said.get("GRUB_SAVEDEFAULT", ("", ""))[0].strip("\"'").lower() == "true",
        update_default=said["UPDATEDEFAULT"][0] if "UPDATEDEFAULT" in said else None,
    )


def kernels(section: Section, unread: dict[str, str]) -> Kernels:
    """Kernels in Debian's version order. Raises `ProbeError` where ``uname -r`` gave nothing."""
    running = section.first("running")
    if not running:
        raise ProbeError("`uname -r` gave nothing on the host")
    images = _images(section.part("images"))
    modules = {m[len(_MODULES) :] for m in section.part("modules") if m.startswith(_MODULES)}
    headers = {h[len(_MODULES) :].split("/")[0] for h in section.part("headers")}
    compilers: dict[str, str] = {
        m[1]: m[2] for line in section.part("compiler") if (m := _COMPILER.match(line))
    }
    options: dict[str, set[str]] = {}
    for line in section.part("options"):
        if found := _OPTION.match(line):
            options.setdefault(found[1] or found[2], set()).add(found[3])
    releases = sorted(images | modules, key=version_key)
    bootable = [r for r in releases if r in images and r in modules]
    following, why = _next_boot(section, bootable)
    if following is None:
        unread["kernels.next_boot"] = why
    return Kernels(
        running=running,
        installed=tuple(
            Kernel(
                r,
                r in bootable,
                r in headers,
                compilers.get(r),
                tuple(sorted(options[r])) if r in options else None,
            )
            for r in releases
        ),
        next_boot=following,
        next_boot_why=why,
        menu=_menu(section),
    )
