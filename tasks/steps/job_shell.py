"""What a job's scripts have in common, and what they say where a host cannot run any. Pure."""

from __future__ import annotations

NOT_WHOLE = (
    'echo "the files of this job were not written whole, so it was not run. Is the disk full?"; '
    "df -Pm .;"
)
UNMARKED = (
    'if [ -z "$code" ] && [ -e exit.new ]; then '
    'echo "how it ended could not be noted, so it does not count as done. Is the disk full?"; '
    "df -Pm .; fi;"
)
SYSTEMD_HERE = (
    "for tool in systemd-run systemctl; do command -v $tool >/dev/null || { "
    'echo "there is no $tool on this host, and long steps run as units of systemd; its package '
    'brings it: apt-get install --reinstall systemd, or dnf reinstall systemd"; exit 1; }; done'
)
UNLESS_KNOWN = (
    '[ -n "$said" ] || { echo "systemd gives no answer: $(systemctl is-active basic.target 2>&1). '
    "Does it run (ps -p 1 -o comm=), and dbus (systemctl status dbus)? What runs goes on; "
    'systemctl daemon-reexec starts systemd afresh"; exit 1; }'
)
REFUSED = (
    'echo "systemd does not start this unit; the line above says why. Its bus must answer: '
    'systemctl status dbus, and systemctl start dbus";'
)


def alive(unit: str) -> str:
    """The function ``alive``; ``$said`` is empty where systemd itself says nothing at all.

    It gets five seconds to answer again, as it cannot while it is replaced by an upgrade.
    """
    return (
        "alive() { for again in 1 2 3 4 5; do "
        f"said=$(systemctl is-active {unit} 2>/dev/null); "
        '[ -z "$said" ] || break; sleep 1; done; case $said in '
        "active|activating|deactivating|reloading) return 0;; esac; return 1; }"
    )
