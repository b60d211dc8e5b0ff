"""Which modules the kernel takes: Secure Boot, lockdown, and the keys of this machine."""

from __future__ import annotations

import re

from facts.model.signing import SigningKey
from facts.parse.sections import Section

_LOCKED = re.compile(r"\[(integrity|confidentiality)\]")
_ANSWERS = {"yes": True, "no": False}


def secure_boot(section: Section, unread: dict[str, str]) -> bool | None:
    """The SecureBoot EFI variable's value; a machine without EFI has none (UEFI 2.10, 3.3).

    Where shim's MokSBStateRT is 1, a person has switched validation off at the console: mokutil
    says "SecureBoot validation is disabled in shim", and the kernel takes Secure Boot for off
    (Linux, drivers/firmware/efi/libstub/secureboot.c).
    """
    if section.has("no-efi"):
        return False
    if section.has("efivar"):
        value = section.first("efivar")
        if value in ("0", "1"):
            return value == "1" and section.first("shim") != "1"
        unread["secure_boot"] = f"the SecureBoot variable holds {value!r} instead of 0 or 1"
    if section.has("mokutil"):
        words = " ".join(section.part("mokutil"))
        if "SecureBoot enabled" in words:
            return "validation is disabled in shim" not in words
        if "SecureBoot disabled" in words:
            return False
        unread["secure_boot"] = f"mokutil says: {words[:200]}"
    unread.setdefault("secure_boot", "no reason given")
    return None


def signed_only(section: Section) -> str:
    """What makes the running kernel refuse unsigned modules; empty where nothing does.

    Sources: kernel_lockdown(7); Linux, Documentation/admin-guide/module-signing.rst.
    """
    if found := _LOCKED.search(section.first("lockdown") or ""):
        return f"lockdown={found[1]}"
    return "module.sig_enforce=1" if section.first("sig_enforce") == "Y" else ""


def modules_locked(section: Section) -> str:
    """What keeps the running kernel from loading any module at all, with the files that say so.

    Nothing sets it back before the next boot (Linux, Documentation/admin-guide/sysctl/kernel.rst).
    """
    if section.first("modules_disabled") != "1":
        return ""
    files = [line for line in section.part("modules_disabled_in") if line.startswith("/")]
    return "kernel.modules_disabled=1" + (f" ({', '.join(files)})" if files else "")


def keys(section: Section) -> tuple[SigningKey, ...]:
    """Certificates on the host, each once, the one that DKMS uses first."""
    found: dict[str, SigningKey] = {}
    for title, lines in section.parts:
        if title != "key" or not lines or lines[0].count("|") != 4:
            continue
        path, private, mode, enrolled, pending = lines[0].split("|")
        number = int(mode, 8) if re.fullmatch("[0-7]{1,5}", mode) else None
        key = SigningKey(
            path,
            private,
            number,
            _ANSWERS.get(enrolled),
            _ANSWERS.get(pending),
            tuple(line.strip() for line in lines[1:]),
        )
        found.setdefault(path, key)
    return tuple(found.values())
