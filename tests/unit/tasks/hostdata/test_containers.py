"""Host data about containers: taken as meant, or refused by name and value."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.hostdata import containers as container_data
from tasks.hostdata.containers import ContainerSettings


def test_nothing_said_is_nothing_asked() -> None:
    assert container_data.container_settings({}) == ContainerSettings()


def test_everything_said_is_taken() -> None:
    data = {
        "docker_users": ["ana", "ben"],
        "docker_registry_mirrors": "https://m.example.org/",
        "docker_proxy": "http://me:p%40ss@proxy.example.org:3128",
        "docker_no_proxy": "localhost,10.0.0.0/8,.example.org",
        "docker_default_runtime": "nvidia",
        "docker_restart": "now",
        "docker_rootless": "carl",
        "proof_image": "registry.example.org:5000/base@sha256:00",
    }
    assert container_data.container_settings(data) == ContainerSettings(
        users=("ana", "ben"),
        mirrors=("https://m.example.org",),
        proxy="http://me:p%40ss@proxy.example.org:3128",
        no_proxy=("localhost", "10.0.0.0/8", ".example.org"),
        default_runtime=True,
        restart="now",
        rootless="carl",
        proof_image="registry.example.org:5000/base@sha256:00",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("docker_users", ["Ana; rm -rf /"]),
        ("docker_users", 3),
        ("docker_registry_mirrors", ["ftp://m.example.org"]),
        ("docker_registry_mirrors", ["https://m.example.org/v2"]),
        ("docker_registry_mirrors", ["https://me:secret@m.example.org"]),
        ("docker_proxy", "proxy:3128"),
        ("docker_proxy", "http://me:sec\nret@proxy"),
        ("docker_proxy", 'http://me:secret"@proxy'),
        ("docker_no_proxy", ["a b"]),
        ("docker_default_runtime", "runc"),
        ("docker_restart", "maybe"),
        ("docker_rootless", "root"),
        ("proof_image", "-v /:/host image"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f'"{key}"') as error:
        container_data.container_settings({key: value})
    assert "secret" not in str(error.value)
