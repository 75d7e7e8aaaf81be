# SPDX-License-Identifier: Apache-2.0
"""A new city begins with what every city needs that takes applications; the demo city uses the same notices."""

from __future__ import annotations

from pathlib import Path

import zhengtong.services
from site_shell import Shell
from testing_city import DEMO_CITY
from zhengtong.city.load import load
from zhengtong.services.definition import RatingFile, ReasonFile, RegimeFile, RemedyFile
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.stages import StageFile

TEMPLATE = Path(zhengtong.services.__file__).parent / "template"


def test_a_new_city_has_regimes_reasons_stages_and_the_templates_of_every_notice(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell("new", "ours", city=None).code == 0
    city = load(tmp_path / "ours")
    for model in (RegimeFile, ReasonFile, RemedyFile, RatingFile, StageFile):
        assert city.all(model), model
    assert {kind.value for kind in NoticeKind} <= {file.stem for file in (city.root / "notices").glob("*.typ")}


def test_the_demo_citys_notices_are_those_of_a_new_city() -> None:
    """A template that is corrected in one of them is corrected in both."""
    ours = {file.name: file.read_text("utf-8") for file in (TEMPLATE / "notices").iterdir()}
    assert ours == {file.name: file.read_text("utf-8") for file in (DEMO_CITY / "notices").iterdir()}
