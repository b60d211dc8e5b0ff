"""Which kernel GRUB boots next, read from ``grub.cfg`` and ``grubenv``.

GRUB manual, "Multi-boot manual config" and the script that grub-mkconfig writes: ``next_entry``
of grubenv wins once, then ``set default``; an entry is named by number, title or id, and
``outer>inner`` walks into submenus.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_LINUX = ("linux", "linuxefi", "linux16")
_IDENT = ("--id", "$menuentry_id_option", "${menuentry_id_option}")
_WITH_VALUE = ("--class", "--users", "--hotkey", "--source")
"""Options of ``menuentry`` that take a word (GRUB manual, "menuentry")."""


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
        waiting = [self]
        while waiting:
            entry = waiting.pop()
            if not entry.menu:
                return entry
            waiting += reversed(entry.children)
        return None

    def named(self, name: str) -> bool:
        """Whether a default means this one."""
        return bool(name) and name in (self.title, self.ident)


def words(line: str) -> list[str]:
    r"""A line's words as GRUB's shell parts them (GRUB manual, "Shell-like scripting", "Quoting").

    ``'It'\''s'`` is one word. A quote that does not end reaches to the end of the line.
    """
    found: list[str] = []
    inside, quote = False, ""
    characters = iter(line)
    for char in characters:
        if char == quote:
            quote = ""
            continue
        if char in " \t" and not quote:
            inside = False
            continue
        if not inside:
            found.append("")
            inside = True
        if char == "\\" and quote != "'":
            char = _escaped(next(characters, ""), quote)
        elif char in "'\"" and not quote:
            quote, char = char, ""
        found[-1] += char
    return found


def _escaped(char: str, quote: str) -> str:
    return char if not quote or char in '$"\\' else f"\\{char}"


def _names(arguments: Iterator[str]) -> tuple[str, str]:
    """Title and id of a ``menuentry`` or ``submenu``."""
    title, ident = "", ""
    for word in arguments:
        option, equals, value = word.partition("=")
        if word == "{":
            break
        if option in (*_IDENT, *_WITH_VALUE):
            value = value if equals else next(arguments, "")
            ident = value if option in _IDENT else ident
        elif not title and not word.startswith("--"):
            title = word
    return title, ident


def menu(lines: list[str]) -> tuple[list[Entry], list[str]]:
    """The menu's tree and the values of ``set default=`` in order."""
    root = Entry("", "", True)
    stack = [root]
    defaults = []
    for raw in lines:
        line = raw.replace("\r", "").strip(" \t")
        if line == "}":
            if len(stack) > 1:
                stack.pop()
            continue
        said = words(line)
        if len(said) < 2:
            continue
        if said[0] in ("menuentry", "submenu"):
            entry = Entry(*_names(iter(said[1:])), menu=said[0] == "submenu")
            stack[-1].children.append(entry)
            stack.append(entry)
        elif said[0] in _LINUX:
            stack[-1].kernel = stack[-1].kernel or release_of(said[1])
        elif said[0] == "set" and said[1].startswith("default="):
            defaults.append(said[1].removeprefix("default="))
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
    """The entry that ``set default`` names; None where the menu has none.

    Nothing, alone or behind a ``>``, means the first one.
    """
    while True:
        wanted = wanted or "0"
        for entry in entries:
            if entry.named(wanted):
                return entry.leaf()
        head, inner, rest = wanted.partition(">")
        named = next((e for e in entries if e.named(head)), None)
        if named is None and head.isascii() and head.isdigit() and len(head) < 6:
            named = entries[int(head)] if int(head) < len(entries) else None
        if named is None:
            return None
        if not inner:
            return named.leaf()
        entries, wanted = named.children, rest


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
