# SPDX-License-Identifier: Apache-2.0
"""What a person knows before starting: how long, on what basis, at what cost, what to bring and from where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override

from services.kiosk import make_folder, served
from visits import tree, visitor
from zhengtong.services.pages.guiding import guide_facts, length, yuan
from zhengtong.services.published import published
from zhengtong.services.special_files import FeeFile, LimitFile

pytestmark = pytest.mark.django_db
FEE = "\nfee: {fen: 8050, per: {zh: 每亭, en: a kiosk}, source: {zh: 收费依据, en: Basis of the fee}}\nvisits: 1\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_folder(tmp_path_factory.mktemp("kiosk") / "city")
    with (folder / "services/kiosk-licence.yaml").open("a", encoding="utf-8") as file:
        file.write(FEE)
    return folder


@pytest.fixture
def version(folder: Path, state: Path) -> Iterator[str]:
    with served(folder) as found:
        yield found


def shown() -> str:
    """The guide's words, a space between its parts."""
    main = tree(visitor().get("/life-events/kiosk/")).get_element_by_id("content")
    return " ".join(" ".join(main.itertext()).split())


def test_each_service_says_who_how_long_on_what_basis_and_at_what_cost(version: str) -> None:
    page = shown()
    assert "80.50 yuan (a kiosk)" in page and "Basis of the fee" in page
    assert "Promised 10 working days" in page and "At most by law 20 working days" in page
    assert "not checked by the city yet" in page
    assert "Visits 1 visit to a counter" in page


def test_a_fee_that_one_service_does_not_state_makes_no_sum(version: str) -> None:
    with override("en"):
        assert guide_facts(published(version), {})["fee"] == ""
    assert "What it costs see each service" in shown()


def test_a_document_says_where_it_comes_from_and_what_may_stand_for_it(version: str) -> None:
    page = shown()
    assert "Floor plan your own; add it to the form may follow within 5 working days" in page
    assert "Proof of no debts your own; add it to the form or make a commitment instead" in page


@pytest.mark.parametrize(
    ("fen", "words"), [(0, "free of charge"), (100, "1 yuan"), (105, "1.05 yuan"), (8000, "80 yuan")]
)
def test_money_in_words(fen: int, words: str) -> None:
    with override("en"):
        assert yuan(fen) == words


def test_terms_in_words() -> None:
    with override("en"):
        units = ("working_days", "calendar_days", "hours")
        assert [length(LimitFile(days=2, unit=unit)) for unit in units] == [
            "2 working days",
            "2 calendar days",
            "2 hours",
        ]
        assert length(LimitFile(days=1)) == "1 working day"


@pytest.mark.parametrize("fen", [-1, 1_000_000_001])
def test_a_fee_that_is_none_is_refused(fen: int) -> None:
    with pytest.raises(ValueError, match="fen"):
        FeeFile.model_validate({"fen": fen, "source": {"zh": "依据", "en": "Basis"}})
