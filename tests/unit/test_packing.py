"""A model's folder packs to the same bytes wherever and whenever it is packed."""

import hashlib
import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from mlplatform import workflows
from mlplatform.settings import Environment
from mlplatform.workflows import Source, pack

FILES = {
    "train.py": "print('train')\n",
    "helpers/__init__.py": "",
    "helpers/features.py": "COLUMNS = ['income']\n",
    "requirements.txt": "lightgbm==4.6.0\n",
}
NEEDLESS = {
    ".env": "SECRET=1",
    ".ruff_cache/x": "",
    "Dockerfile": "FROM scratch",
    "README.md": "# read me",
    "__pycache__/train.cpython-311.pyc": "",
    "data/train.csv": "1,2",
    "helpers/__pycache__/features.pyc": "",
    "model.yaml": "owner: x",
    "tests/test_train.py": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with what jobs need and what they do not."""
    for name, text in {**FILES, **NEEDLESS}.items():
        path = tmp_path / "credit-approval" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "credit-approval"


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    stream = archive.extractfile(member)
    assert stream
    return stream.read().decode()


def unpacked(source: Source) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(source.content), mode="r:gz") as archive:
        return {m.name: _text(archive, m) for m in archive.getmembers()}


def test_scripts_packages_and_requirements_are_packed_and_nothing_else(folder: Path) -> None:
    assert unpacked(pack(folder)) == FILES


def test_the_name_is_the_hash_of_the_bytes(folder: Path) -> None:
    source = pack(folder)
    assert source.sha256 == hashlib.sha256(source.content).hexdigest()


def test_times_permissions_and_the_folder_s_place_change_nothing(folder: Path, tmp_path: Path) -> None:
    first = pack(folder)
    other = tmp_path / "elsewhere"
    shutil.copytree(folder, other)
    for path in other.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o755)
    assert pack(other) == first


def test_a_changed_added_or_renamed_script_changes_the_hash(folder: Path) -> None:
    seen = {pack(folder).sha256}
    (folder / "train.py").write_text("print('other')\n", encoding="utf-8")
    seen.add(pack(folder).sha256)
    (folder / "evaluate.py").write_text("", encoding="utf-8")
    seen.add(pack(folder).sha256)
    (folder / "evaluate.py").rename(folder / "judge.py")
    seen.add(pack(folder).sha256)
    assert len(seen) == 4


def test_what_jobs_do_not_need_does_not_change_the_hash(folder: Path) -> None:
    before = pack(folder)
    for name in NEEDLESS:
        (folder / name).write_text("changed", encoding="utf-8")
    assert pack(folder) == before


def test_a_folder_without_a_script_packs_too(tmp_path: Path) -> None:
    assert unpacked(pack(tmp_path)) == {}


def test_the_bytes_hold_neither_time_nor_owner(folder: Path) -> None:
    content = pack(folder).content
    assert content[4:8] == b"\0\0\0\0"  # RFC 1952: MTIME
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in archive} == {(0, 0, 0, "", 0o644)}


def test_it_is_staged_where_the_default_synthesizer_publishes_files(
    environments: dict[str, Environment], folder: Path
) -> None:
    settings, source = next(iter(environments.values())), pack(folder)
    bucket, key = workflows.staged(source, settings)
    qualifier = settings.deployment.qualifier
    assert bucket == f"cdk-{qualifier}-assets-{settings.account}-{settings.region}"
    assert key == f"{source.sha256}.gz"
