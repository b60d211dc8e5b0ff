"""What `@vagrant.json` may say."""

from __future__ import annotations

import json

import pytest

from tests.unit.test_house import HOUSE
from vagrant import options

MACHINES = ("gpu1", "gpu2")


def test_data_and_groups_by_machine() -> None:
    text = '{"data": {"gpu1": {"expected_gpus": "h100:8"}}, "groups": {"gpu2": ["training"]}}'
    found = options.parse(text, MACHINES)
    assert found.data == {"gpu1": {"expected_gpus": "h100:8"}}
    assert found.groups == {"gpu2": ("training",)}
    assert options.parse("{}", MACHINES) == options.Options()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is no JSON"),
        ("{'data': 1}", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[]", "the file must be an object"),
        ('{"hosts": {}}', "'hosts' is no key: there are data, groups"),
        ('{"date": {}}', "'date' is no key; 'data' is one"),
        ('{"data": {"gpu3": {}}}', "'gpu3' is no machine in data; 'gpu2' is one"),
        ('{"data": {"gpu1": "h100"}}', "data of gpu1 must be an object"),
        ('{"data": []}', "data must be an object"),
        ('{"groups": {"gpu1": "training"}}', "groups of gpu1 must be a list of names"),
        ('{"groups": {"gpu1": [1]}}', "groups of gpu1 must be a list of names"),
        ('{"groups": {"zebra": ["a"]}}', "'zebra' is no machine in groups: there are gpu1, gpu2"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(options.OptionsError) as error:
        options.parse(text, MACHINES)
    assert said in str(error.value)


def test_ours_fits_our_vagrantfile() -> None:
    text = (HOUSE / "vagrant/Vagrantfile").read_text()
    machines = [name for name in ("gpu1", "gpu2", "gpu3") if f'"{name}" =>' in text]
    said = (HOUSE / "vagrant" / options.NAME).read_text()
    assert {*options.parse(said, machines).data} == {*machines} == {*json.loads(said)["data"]}
