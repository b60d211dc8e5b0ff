"""What `gpuwright init` lays out, and what it leaves alone."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
import yaml

from gpuwright import deploy, layout
from stacks.load import load_stack

HOUSE = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deploys and the inventory as a wheel has them; their place is all that differs."""
    monkeypatch.setattr(deploy, "FOLDER", HOUSE / "deploys")
    monkeypatch.setattr(layout, "LAB_FILE", HOUSE / layout.LAB)


def test_every_deploy_of_ours_has_its_line() -> None:
    files = layout.wanted("1.2.3")
    names = [path.stem for path in (HOUSE / "deploys").glob("*.py")]
    assert len(names) > 8
    for name in names:
        text = files[f"deploys/{name}.py"].decode()
        (said, imported, called) = ast.parse(text).body
        assert ast.unparse(imported) == "from gpuwright import deploy"
        assert ast.unparse(called) == f"deploy.run('{name}', __file__)"
        assert isinstance(said, ast.Expr)
        assert ast.get_docstring(ast.parse(text)) == ast.get_docstring(
            ast.parse((HOUSE / f"deploys/{name}.py").read_text("utf-8"))
        )


def test_python_files_are_python_and_the_stack_is_a_stack(tmp_path: Path) -> None:
    files = layout.wanted("1.2.3")
    for path, data in files.items():
        if path.endswith(".py"):
            compile(data, path, "exec")
        elif path.endswith(".yaml"):
            assert yaml.safe_load(data)
    assert files["requirements.in"] == b"gpuwright==1.2.3\n"
    layout.lay_out(tmp_path, files)
    assert load_stack("our", tmp_path / "stacks").torch is not None


def test_no_name_is_left_from_the_templates() -> None:
    assert not [
        path for path in layout.wanted("1") if path.endswith(".in") and "require" not in path
    ]


def test_all_is_written_into_an_empty_folder_and_nothing_the_second_time(tmp_path: Path) -> None:
    files = layout.wanted("1.2.3")
    folder = tmp_path / "a new/lab of ours"
    first = layout.lay_out(folder, files)
    assert first == layout.Done(written=tuple(files))
    assert {p: (folder / p).read_bytes() for p in files} == files
    assert layout.lay_out(folder, files) == layout.Done(same=tuple(files))


def test_wheel_that_no_index_has_is_kept_in_the_repository(tmp_path: Path) -> None:
    wheel = tmp_path / "gpuwright-1.2.3-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    files = layout.wanted("1.2.3", wheel)
    assert files["wheels/gpuwright-1.2.3-py3-none-any.whl"] == b"PK"
    assert {*files} - {*layout.wanted("1.2.3")} == {"wheels/gpuwright-1.2.3-py3-none-any.whl"}


def test_file_that_says_something_else_is_kept_and_the_rest_is_written(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "Makefile").write_text("all:\n")
    (tmp_path / "notes").write_text("ours\n")
    files = layout.wanted("1.2.3")
    done = layout.lay_out(tmp_path, files)
    assert done.kept == ("Makefile",)
    assert {*done.written} == {*files} - {"Makefile"}
    assert (tmp_path / "Makefile").read_text() == "all:\n"
    assert (tmp_path / "notes").read_text() == "ours\n"


@pytest.mark.parametrize("kind", ["file for a folder", "folder for a file", "link to nowhere"])
def test_nothing_is_written_where_something_stands_in_the_way(tmp_path: Path, kind: str) -> None:
    if kind == "file for a folder":
        (tmp_path / "deploys").write_text("")
    elif kind == "folder for a file":
        (tmp_path / "Makefile").mkdir()
    else:
        (tmp_path / "tasks").symlink_to(tmp_path / "nowhere")
    with pytest.raises(layout.LayoutError, match="move it away"):
        layout.lay_out(tmp_path, layout.wanted("1"))
    assert len(list(tmp_path.iterdir())) == 1


def test_file_above_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(layout.LayoutError, match="a file is no folder; move it away"):
        layout.lay_out(tmp_path / "a file/more/lab", layout.wanted("1"))


def test_checkout_is_neither_laid_out_nor_laid_out_from(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(layout.LayoutError, match="is a checkout of gpuwright"):
        layout.lay_out(HOUSE, layout.wanted("1"))
    monkeypatch.setattr(deploy, "FOLDER", HOUSE / "gpuwright/deploys")
    with pytest.raises(layout.LayoutError, match="this is a checkout of gpuwright"):
        layout.wanted("1")
