"""A model is started as a copy of another, under a name a model can have."""

import re
from pathlib import Path

import pytest

from tools.new_model import NewModelError, copy_model, main

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models with one in it."""
    copy_model_source = tmp_path / "models" / "scoring"
    (copy_model_source / "__pycache__").mkdir(parents=True)
    (copy_model_source / "__pycache__" / "train.pyc").write_text("")
    (copy_model_source / "model.yaml").write_text("data: {train: data://scoring/train/}\n")
    (copy_model_source / "train.py").write_text("# models/scoring/train.py, for scoring\n")
    return tmp_path / "models"


def test_a_copy_reads_data_of_its_own(models: Path) -> None:
    target = copy_model(models, "scoring", "ranking")
    assert sorted(path.name for path in target.iterdir()) == ["model.yaml", "train.py"]
    assert (target / "model.yaml").read_text() == "data: {train: data://ranking/train/}\n"
    assert (target / "train.py").read_text() == "# models/ranking/train.py, for scoring\n"


@pytest.mark.parametrize(
    ("source", "name", "message"),
    [
        ("nothing", "ranking", "no model 'nothing' to copy, there is: scoring"),
        ("scoring", "scoring", "is there already"),
        ("scoring", "Ranking", "NAME: malformed, given 'Ranking', allowed: 1 to 32 of a-z"),
    ],
)
def test_what_cannot_be_copied_is_refused_and_nothing_is_written(
    models: Path, source: str, name: str, message: str
) -> None:
    before = sorted(models.rglob("*"))
    with pytest.raises(NewModelError, match=re.escape(message)):
        copy_model(models, source, name)
    assert sorted(models.rglob("*")) == before


def test_the_command_says_what_comes_next(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ranking", "scoring", "--folder", str(models)]) == 0
    assert "make rehearse MODEL=ranking" in capsys.readouterr().out
    assert main(["ranking", "scoring", "--folder", str(models)]) == 2
    assert "is there already" in capsys.readouterr().err
