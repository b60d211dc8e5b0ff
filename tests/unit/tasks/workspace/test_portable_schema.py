"""What is printed for Kubernetes is what its servers read, over all that host data can ask for.

The schemas are Kubernetes' own, of `kubernetes-validate`, in their strict form: a word that no
version knows is a fault as well. Compose has no schema in a Python package that is kept well: its
files are read by the real program, in tests/hosts/test_workspace.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import jsonschema
import pytest
import yaml
from kubernetes_validate import latest_version, utils
from referencing import Registry, Resource

from tasks.workspace import portable
from tests.unit.tasks import a_workspace

OLDEST, NEWEST = "1.25.0", latest_version()
GRID: dict[str, tuple[Any, ...]] = {
    "workspace_gpus": (None, "none", 1, 8),
    "workspace_ssh_key": (None, a_workspace.KEY),
    "workspace_memory": (None, "64g"),
    "workspace_tensorboard_port": (None, 6007),
}
MORE: tuple[dict[str, Any], ...] = (
    {"workspace_cpus": "3.5"},
    {"workspace_shm": "1536m"},
    {"workspace_port": 9000},
    {"nccl": {"NCCL_SOCKET_IFNAME": "^docker,lo"}},
    {"workspace_image": "registry.example.org:5000/team/pytorch-cuda", "workspace_tag": "v9"},
)


def asked() -> Iterator[dict[str, Any]]:
    """Host data: what makes parts of a manifest, each with each other; then the rest."""
    for values in product(*GRID.values()):
        said = {n: v for n, v in zip(GRID, values, strict=True) if v is not None}
        yield {"workspace_user": "alice", "workspace_gpus": 1, **said}
    for more in MORE:
        yield {"workspace_user": "alice", "workspace_gpus": 1, **more}


@functools.cache
def known(version: str) -> Registry[Any]:
    """All definitions of a Kubernetes, read once: the library reads them for every object."""
    text = utils.schema_contents(f"{folder(version)}/_definitions.json", version)
    return (Resource.from_contents(text) @ Registry()).crawl()


def folder(version: str) -> str:
    return f"kubernetes-json-schema/v{version}-local-strict"


@functools.cache
def judge(version: str, kind: str, api: str) -> jsonschema.Draft202012Validator:
    name = f"{kind.lower()}-{api.replace('/', '-')}.json"
    schema = utils.schema_contents(f"{folder(version)}/{name}", version)
    return jsonschema.Draft202012Validator(schema, registry=known(version))


def faults(one: dict[str, Any], version: str) -> list[str]:
    """What a server of this version would say."""
    errors = judge(version, one["kind"], one["apiVersion"]).iter_errors(one)
    return [error.message for error in errors]


def documents(*said: dict[str, Any]) -> list[dict[str, Any]]:
    """Objects of the manifests, as a server reads them."""
    found = [w for one in said for w in a_workspace.settings_of(**one).workspaces]
    return list(yaml.safe_load_all(portable.kubernetes(found, 1500, "20Gi")))


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_is_read_by_the_oldest_and_the_newest_kubernetes(version: str) -> None:
    different = {yaml.safe_dump(one): one for said in asked() for one in documents(said)}
    assert len(different) > 30
    assert {one["kind"] for one in different.values()} == {"ConfigMap", "Service", "StatefulSet"}
    for one in different.values():
        assert faults(one, version) == [], one


def test_workspaces_of_several_users_are_one_stream_of_documents() -> None:
    several = documents(
        {
            "workspaces": [
                {"user": "alice", "gpus": 1},
                {"user": "bob", "gpus": "none", "port": 8889},
            ]
        }
    )
    names = [(one["kind"], one["metadata"]["name"]) for one in several]
    assert len(set(names)) == len(names) == 4
    for one in several:
        assert faults(one, NEWEST) == []


def set_port(one: dict[str, Any]) -> None:
    one["spec"]["ports"][0]["port"] = "8888"


def misspell(one: dict[str, Any]) -> None:
    one["spec"]["selectors"] = one["spec"].pop("selector")


@pytest.mark.parametrize("spoil", [set_port, misspell])
def test_what_no_server_would_read_is_found(spoil: Callable[[dict[str, Any]], None]) -> None:
    asked_for = {"workspace_user": "alice", "workspace_gpus": 1}
    (service,) = [one for one in documents(asked_for) if one["kind"] == "Service"]
    spoil(service)
    assert faults(service, OLDEST) and faults(service, NEWEST)
