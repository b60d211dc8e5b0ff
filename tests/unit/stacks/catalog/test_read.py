"""The catalogue reads, its parts agree, and its errors name file and line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from stacks.catalog.decode import SchemaError
from stacks.catalog.read import FOLDER, load_catalog
from tests.unit.stacks.hosts import CATALOG

DOSSIER_RULES = [
    "torch29-cu118-wheel",
    "torch29-cu118-source",
    "torch29-cudnn8",
    "coexist",
    "driver-floor",
    "blackwell-118",
    "blackwell-open",
    "pre-turing",
    "kepler",
    "ubuntu2404-118-apt",
    "gcc-118",
    "glibc",
    "py",
    "aarch64-pypi",
    "trixie-nvidia-old-repo",
    "bookworm-open",
    "cdi-docker",
    "jetson-118",
    "jetson-torch29",
    "sm-match",
    "blackwell-driver",
    "cu130-pre-turing",
    "cu128-pascal",
    "trixie-bpo-kernel",
    "daemon-json",
    "daemon-json-features",
    "cudnn8-rt-vs-debian",
    "trixie-118-compile",
]


def copied(tmp_path: Path) -> Path:
    shutil.copytree(FOLDER / "catalog", tmp_path / "catalog")
    (tmp_path / "locks").mkdir()
    return tmp_path


def test_every_rule_of_the_dossier_has_a_code_or_a_stated_reason_for_none() -> None:
    coded = {rule for code in CATALOG.codes.values() for rule in code.rules}
    assert coded | set(CATALOG.other_rules) == set(DOSSIER_RULES)
    assert not coded & set(CATALOG.other_rules)


def test_every_code_in_the_source_is_in_the_table_and_none_is_left_over() -> None:
    text = "".join(path.read_text() for path in FOLDER.rglob("*.py"))
    used = set(re.findall(r'case\.(?:conflict|notice)\(\s*"([A-Z0-9-]+)"', text))
    assert used == set(CATALOG.codes)


def test_conflicts_and_notices_are_told_apart_in_the_table() -> None:
    text = "".join(path.read_text() for path in FOLDER.rglob("*.py"))
    for kind in ("conflict", "notice"):
        used = set(re.findall(rf'case\.{kind}\(\s*"([A-Z0-9-]+)"', text))
        assert used == {name for name, code in CATALOG.codes.items() if code.kind == kind}


@pytest.mark.parametrize("path", sorted((FOLDER / "catalog").glob("*.yaml")), ids=lambda p: p.name)
def test_every_group_of_facts_says_source_date_and_confidence(path: Path) -> None:
    def groups(node: object) -> list[dict[str, object]]:
        if not isinstance(node, dict):
            return []
        here = [node] if {"rows", "source", "date"} & set(node) else []
        return here + [group for child in node.values() for group in groups(child)]

    data = yaml.safe_load(path.read_text())
    if path.name == "support.yaml":
        return  # each row names the test that is its source
    if path.name == "thresholds.yaml":
        return  # each number names its own source: test_thresholds.py
    if path.name == "codes.yaml":
        assert all(row["source"] and row["confidence"] for row in data["codes"].values())
        return
    found = [group for group in groups(data) if "branch" not in group]
    assert found
    for group in found:
        assert {"source", "date", "confidence"} <= set(group), (path.name, list(group))


def test_every_gpu_has_a_known_generation_and_no_pci_id_is_there_twice() -> None:
    models = CATALOG.gpus.models.rows
    assert all(model.generation in CATALOG.gpus.generations.rows for model in models.values())
    ids = [pci for model in models.values() for pci in model.pci]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch("[0-9a-f]{4}", pci) for pci in ids)


def test_every_driver_on_offer_is_of_a_known_branch_and_of_its_version() -> None:
    for dist in CATALOG.distributions.values():
        for offer in dist.drivers:
            assert offer.branch in CATALOG.drivers.branches.rows
            assert offer.version.startswith(f"{offer.branch}.")


def test_every_driver_on_offer_has_packages_that_are_held() -> None:
    for name, dist in CATALOG.distributions.items():
        for offer in dist.drivers:
            assert offer.packages and offer.held, (name, offer.branch, offer.set)
            assert not any("{" in text for text in (*offer.packages, *offer.held)), name


def test_every_set_of_drivers_is_offered_somewhere() -> None:
    used = {offer.set for dist in CATALOG.distributions.values() for offer in dist.drivers}
    assert used - {""} == set(CATALOG.driver_sets)


def test_no_offer_has_a_flavour_that_its_branch_does_not_make() -> None:
    for dist in CATALOG.distributions.values():
        for offer in dist.drivers:
            branch = CATALOG.drivers.branches.rows[offer.branch]
            assert branch.open if offer.flavour == "open" else branch.proprietary


def test_every_toolkit_of_nvidia_s_has_a_version_per_package() -> None:
    for name, dist in CATALOG.distributions.items():
        for offer in dist.cuda:
            if offer.origin == "nvidia":
                assert set(offer.versions) == set(offer.packages), name


def test_every_pinned_fingerprint_is_whole_and_ends_in_the_key_s_id() -> None:
    for key, row in CATALOG.repositories.keys.items():
        if row.fingerprint is None:
            continue
        assert re.fullmatch("[0-9A-F]{40}", row.fingerprint)
        assert row.fingerprint.endswith(key.upper())


def test_no_repository_key_is_missing() -> None:
    table = CATALOG.repositories
    assert all(key in table.keys for key in table.repositories.values())


def test_wrong_key_names_file_line_and_nearest(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "catalog" / "drivers.yaml"
    path.write_text(path.read_text().replace("  minimum:", "  minimun:"))
    line = path.read_text().split("  minimun:")[0].count("\n") + 1
    with pytest.raises(SchemaError) as caught:
        load_catalog(folder)
    assert str(caught.value).startswith(f"stacks/catalog/drivers.yaml:{line}: ")
    assert 'did you mean "minimum"' in str(caught.value)


def test_version_without_quotes_is_refused_not_rounded(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "catalog" / "drivers.yaml"
    path.write_text(path.read_text().replace('minimum: "4.15"', "minimum: 4.10"))
    with pytest.raises(SchemaError, match=r"'4\.10' \(a number\), expected text in quotes"):
        load_catalog(folder)


def test_missing_key_is_named(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "catalog" / "drivers.yaml"
    path.write_text(path.read_text().replace('  minimum: "4.15"\n', ""))
    with pytest.raises(SchemaError, match='"minimum" of "kernel" is missing'):
        load_catalog(folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("distributions.yaml", "nvidia_repository: rhel9", "nvidia_repository: rhel11", "rhel11"),
        ("distributions.yaml", "set: nvidia", "set: nvidja", "nvidja"),
        ("repositories.yaml", "rhel9: D42D0685", "rhel9: D42D0686", "D42D0686"),
    ],
)
def test_a_name_without_its_row_is_an_error_of_the_line_that_names_it(
    tmp_path: Path, file: str, old: str, new: str, named: str
) -> None:
    path = copied(tmp_path) / "catalog" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(SchemaError, match="has no row") as caught:
        load_catalog(tmp_path)
    assert named in caught.value.what
    assert new in path.read_text().splitlines()[caught.value.line - 1]
