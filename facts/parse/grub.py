"""Which kernel GRUB boots next, read from ``grub.cfg`` and ``grubenv``.

GRUB manual, "Multi-boot manual config" and the script that grub-mkconfig writes: ``next_entry``
of grubenv wins once, then ``set default``; an entry is named by number, title or id, and
``outer>inner`` walks into submenus.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TITLE = re.compile(r"^(menuentry|submenu)\s+(?:'([^']*)'|\"([^\"]*)\"|(\S+))")
_IDENT = re.compile(r"(?:\$\{?menuentry_id_option\}?|--id)[ =]+(?:'([^']*)'|\"([^\"]*)\"|(\S+))")
_LINUX = re.compile(r"^linux(?:efi|16)?\s+(\S+)")
_DEFAULT = re.compile(r"^set default=\"?([^\"]*)\"?\s*$")


@dataclass
class Entry:
    """A menu entry or a submenu."""

    title: str
    ident: str
    menu: bool
    kernel: str | None = None
    children: list[Entry] = field(default_factory=list)

    def leaf(self) -> Entry | None:
        """What boots when this is chosen: itself, or a submenu's first leaf."""
        if not self.menu:
            return self
        return next((leaf for child in self.children if (leaf := child.leaf())), None)


def _word(match: re.Match[str], first: int) -> str:
    return next((g for g in match.groups()[first:] if g is not None), "")


def menu(lines: list[str]) -> tuple[list[Entry], list[str]]:
    """The menu's tree and the values of ``set default=`` in order."""
    root = Entry("", "", True)
    stack = [root]
    defaults = []
    for raw in lines:
        line = raw.strip()
        if line == "}":
            if len(stack) > 1:
                stack.pop()
        elif title := _TITLE.match(line):
            ident = _IDENT.search(line)
            entry = Entry(_word(title, 1), _word(ident, 0) if ident else "", title[1] == "submenu")
            stack[-1].children.append(entry)
            stack.append(entry)
        elif linux := _LINUX.match(line):
            stack[-1].kernel = stack[-1].kernel or release_of(linux[1])
        elif default := _DEFAULT.match(line):
            defaults.append(default[1])
    return root.children, defaults


def release_of(path: str) -> str | None:
    """``/boot/vmlinuz-6.1.0-56-amd64`` → ``6.1.0-56-amd64``."""
    name = path.rsplit("/", 1)[-1]
    _, mark, release = name.partition("-")
    return release if mark and name.startswith(("vmlinuz-", "vmlinux-")) else None


def environment(lines: list[str]) -> dict[str, str]:
    """Variables of a grubenv block."""
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {key: value for key, mark, value in pairs if mark}


def find(entries: list[Entry], wanted: str) -> Entry | None:
    """The entry that ``set default`` names; None where the menu has none."""
    for entry in entries:
        if wanted in (entry.title, entry.ident):
            return entry.leaf()
    head, inner, rest = wanted.partition(">")
    named = next((e for e in entries if head in (e.title, e.ident)), None)
    if named is None and head.isascii() and head.isdigit() and len(head) < 6:
        named = entries[int(head)] if int(head) < len(entries) else None
    if named is None:
        return None
    return find(named.children, rest) if inner else named.leaf()


def next_boot(config: list[str], env: dict[str, str]) -> tuple[str, str] | None:
    """Kernel release and how it was found; None where the menu names no kernel."""
    entries, defaults = menu(config)
    once = [d for d in defaults if "next_entry" in d]
    lasting = [d for d in defaults if "next_entry" not in d]
    wanted, why = (lasting[-1], "grub default") if lasting else ("0", "grub default")
    if "saved_entry" in wanted:
        wanted, why = env.get("saved_entry") or "0", "grub saved entry"
    if once and env.get("next_entry"):
        wanted, why = env["next_entry"], "grub next entry (once)"
    chosen = find(entries, wanted)
    if chosen is None:
        chosen = find(entries, "0")
        why = f"first grub entry ({why} {wanted!r} is not in the menu)"
    else:
        why = f"{why} {wanted!r}"
    return (chosen.kernel, why) if chosen and chosen.kernel else None
