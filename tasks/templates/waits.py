"""How long anything may take: every wait has an end, and whoever waits says so. Pure.

Seconds, where nothing else is said. Waits of one place alone (a reboot, a program on the host that
bounds itself) stay there. What host data may change is read by `tasks.hostdata.host.waits`.
"""

from __future__ import annotations

ANSWER_S = 420
"""One command, or one look, from its sending to its end. The slowest of ours, a call to the GPU
inside a container, bounds its own parts, which add up to six minutes at the very worst."""
SILENCE_S = 120
"""No sign of life of a host that was asked for one. A swapping host or a switch that starts again
takes a minute; TCP itself would wait a quarter of an hour, and for a frozen sshd for ever."""
ASK_ALIVE_S = 15
"""Between two of these questions, or half of what host data allow, where that is less."""
JOB_S = 6 * 3600
"""One job: PyTorch's wheels, some 4 GB, take four and a half hours at 2 Mbit/s."""
TERMINATE_S = 60
"""From systemd's SIGTERM to its SIGKILL, when a job is over its limit: dpkg ends after its
current package."""
QUIET_S = 60
"""Without a word of a job, until that is told beside how it goes."""
JOB_START_S = 60
"""To hand a job over to systemd, or a command that only asks how it goes beyond its own wait."""
INTERRUPT_S = 1.5
"""From Ctrl-C to the end of the program, with all that is to be said."""
CONNECT_S = 20
"""To reach a server of packages or files."""
STALL_S = 60
"""A transfer with less than `STALL_BYTES` per second, until it is tried again."""
STALL_BYTES = 1000
"""Per second."""
