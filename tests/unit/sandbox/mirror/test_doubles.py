"""Where the mirror looks for the files of repository doubles, and where it never does."""

from pathlib import Path

import pytest

from sandbox.mirror.doubles import local_file


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/doubles/nvidia/repos/ubuntu2204/x86_64/a.deb", "nvidia/repos/ubuntu2204/x86_64/a.deb"),
        ("http://10.0.0.1:3142/doubles/nvidia/repos/a%2Bb.deb", "nvidia/repos/a+b.deb"),
        (
            "http://ubuntu.example/ubuntu/dists/jammy/InRelease",
            "ubuntu/repos/ubuntu/dists/jammy/InRelease",
        ),
    ],
)
def test_request_leads_to_a_file_of_a_double(url: str, path: str) -> None:
    assert local_file(url, "10.0.0.1:3142", Path("/d")) == Path("/d") / path


@pytest.mark.parametrize(
    "url",
    [
        "/doubles/nvidia/gpg/ubuntu2204/private-keys-v1.d/a.key",
        "/doubles/nvidia/repos/../gpg/a.key",
        "/doubles/nvidia/repos/%2e%2e/gpg/a.key",
        "http://elsewhere.org/doubles/nvidia/repos/a.deb",
        "/status",
    ],
)
def test_other_requests_lead_to_no_file(url: str) -> None:
    assert local_file(url, "10.0.0.1:3142", Path("/d")) is None
