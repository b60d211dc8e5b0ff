"""Shell that reads apt's lists again, and judges by which archive could not be read. Pure text.

A dead archive of somebody else is none of ours: apt-get says at its end that something failed, and
in ``Err:`` lines what (apt-private/acqprogress.cc, ``AcqTextStatus::Fail``).
"""

from __future__ import annotations

_JUDGE = r"""
    BEGIN { n = split(ENVIRON["GPUWRIGHT_STRANGERS"], list, "\n") }
    function of_a_stranger(text, i, next_one) {
        for (i = 1; i <= n; i++) {
            if (list[i] == "" || index(text, list[i]) != 1) continue
            next_one = substr(text, length(list[i]) + 1, 1)
            if (next_one == " " || next_one == "/") return list[i]
        }
        return ""
    }
    function file_of_a_stranger(text, i, start, parts) {
        for (i = 1; i <= n; i++) {
            if (split(list[i], parts, " ") < 2) continue
            start = parts[1] (parts[2] ~ /\/$/ ? "/" : "/dists/") parts[2]
            if (index(text, start) == 1) return list[i]
        }
        return ""
    }
    function judge(found) {
        if (found == "") bad = 1
        else if (!told[found]++) print "not read, and nothing is taken from it: " found
        seen = 1
    }
    / Mirrorlist$/ { next }
    /^Err:[0-9]+ / { sub(/^Err:[0-9]+ /, ""); judge(of_a_stranger($0)); next }
    /^E: (The repository|Repository) \047/ {
        sub(/^[^\047]*\047/, ""); judge(of_a_stranger($0)); next
    }
    /^E: Release file for / { judge(file_of_a_stranger($5)); next }
    /^E: (Failed to fetch|Some index files failed) / { next }
    /^E: / { bad = 1 }
    END { exit !(seen && !bad) }"""
"""awk over what apt-get said: ends with 0 where it failed for strangers' archives alone. What is
said of a fetched file may name where a mirror sent us to; its ``Err:`` line names the archive.
Who is a stranger, `tasks.steps.surroundings` says."""


def updated(options: str) -> str:
    """Shell function ``updated``: read the lists; fails if one that is needed cannot be read.

    apt-get exits 0 when a list could not be fetched and an older one is used; ``Error-Mode=any``
    makes that a failure (apt.conf(5), since apt 2.2).

    Args:
        options: Of apt-get.
    """
    return f"""\
updated() {{
    ended=0
    patiently apt-get update {options} -o APT::Update::Error-Mode=any >update 2>&1 || ended=$?
    cat update
    [ $ended -eq 0 ] || awk '{_JUDGE}' update || return $ended
}}"""
