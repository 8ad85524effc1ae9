"""The page about customization permissions says what the policies say."""

from tools.customization_cases import Case, cases
from tools.customization_report import PAGE, cell, page, sample
from tools.policy_evaluator import Decision


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tools.customization_report"


def test_every_case_has_its_row_once() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    names = [case.what for case in cases(sample("tight"))]
    assert len(set(names)) == len(names)
    assert all(sum(row.startswith(f"| {name} |") for row in rows) == 1 for name in names)


def test_a_cell_tells_a_denial_from_what_nobody_granted() -> None:
    assert cell(Decision(True, ("Own",), "")) == "A"
    assert cell(Decision(False, (), "")) == "d"
    assert cell(Decision(False, ("DenyThis", "DenyThat"), "")) == "D DenyThis, DenyThat"


def test_the_same_cases_are_put_to_every_mode() -> None:
    def words(mode: str) -> list[Case]:
        return cases(sample(mode))

    assert words("tight") == words("compat") == words("off")
