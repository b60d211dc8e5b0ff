"""What a host has of packages, marks, settings, people, units and files; and what differs later."""

from __future__ import annotations

import re

from sandbox.hosts import SandboxHost

_LOOK = r"""
echo '##packages'
if ! grep -qs rhel /etc/os-release; then
    dpkg-query -W -f '${db:Status-Abbrev}|${binary:Package}|${Version}\n' | grep -v '^un'
    echo '##asked for'; apt-mark showmanual
    echo '##holds'; apt-mark showhold
    echo '##settings of apt'; apt-config dump
else
    rpm -qa --qf '%{NAME}.%{ARCH} %{VERSION}-%{RELEASE}\n'
    echo '##asked for'; dnf -C -q repoquery --userinstalled 2>/dev/null
    echo '##holds'; cat /etc/dnf/plugins/versionlock.list 2>/dev/null
    echo '##settings of dnf'; dnf -C -q repolist --all 2>/dev/null
    cat /etc/dnf/modules.d/* 2>/dev/null
fi
echo '##people'; cat /etc/passwd /etc/group
echo '##units'
systemctl list-unit-files --no-legend --no-pager | grep -v '\.scope\|^run-\|\.mount'
systemctl list-units --failed --plain --no-legend --no-pager
echo '##files'
find /etc /opt /usr/local /usr/share/keyrings /usr/src /lib/modules /boot /var/lib /var/cache \
    -xdev \( -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd \
    -o -path /var/lib/rpm -o -path /var/lib/dnf -o -path /var/cache/apt \
    -o -path /var/cache/dnf \) -prune \
    -o -printf '%p %y %m %u %g %l\n'
echo '##texts'
find /etc /boot /usr/local /opt -xdev -type f -exec sha256sum {} +
"""
CACHES = re.compile(
    r"/etc/(ld\.so\.cache|machine-id|\.pwd\.lock|passwd-|group-|shadow|gshadow|subuid-|subgid-)"
    r"|/lib/modules/[^/]+/modules\.|/var/cache/(ldconfig|debconf|man)|/var/lib/(dbus|ucf|logrotate|polkit-1)"
)
"""What programs of the host write anew by themselves."""
Look = dict[str, frozenset[str]]


def look(host: SandboxHost) -> Look:
    """What is there, by subject."""
    done = host.run(_LOOK)
    assert done.returncode == 0, done.stderr
    found: dict[str, set[str]] = {}
    lines: set[str] = set()
    for line in done.stdout.splitlines():
        if line.startswith("##"):
            lines = found.setdefault(line[2:], set())
        elif not CACHES.search(line):
            lines.add(line)
    assert found["packages"] and found["texts"]
    return {subject: frozenset(lines) for subject, lines in found.items()}


def table(before: Look, after: Look) -> list[str]:
    """One line for each difference; empty: there is none."""
    return [
        f"{subject}: {'came' if line in after[subject] else 'went'}: {line}"
        for subject in before
        for line in sorted(before[subject] ^ after[subject])
    ]
