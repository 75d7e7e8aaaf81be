# SPDX-License-Identifier: Apache-2.0
"""The portal orders life events by the city's stages of life."""

from __future__ import annotations

from pathlib import Path

import pytest

from people import publish
from visits import tree, visitor

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("language", "first", "last"), [("zh-hans", "出生", "身后"), ("en", "Birth", "After a death")])
def test_stages_stand_in_the_citys_order_with_their_life_events(
    language: str, first: str, last: str, state: Path
) -> None:
    for key in ("after-a-death", "newborn", "retirement", "restaurant"):
        publish(key)
    people, businesses = tree(visitor(language=language).get("/")).xpath("//main//div[contains(@class, 'two')]/section")
    headings = [h.text_content() for h in people.xpath("./h3")]
    assert (headings[0], headings[-1], len(headings)) == (first, last, 3)
    links = people.xpath(".//a/@href")
    assert links == ["/life-events/newborn/", "/life-events/retirement/", "/life-events/after-a-death/"]
    assert businesses.xpath(".//a/@href") == ["/life-events/restaurant/"]


def test_what_is_published_stands_on_the_portal_at_once_in_each_language(state: Path) -> None:
    """The list is kept made; it is another one as soon as versions or language are."""
    publish("newborn")
    for language, name in (("en", "A child is born"), ("zh-hans", "新生儿出生"), ("en", "A child is born")):
        for _ in range(2):
            cards = tree(visitor(language=language).get("/")).xpath("//main//a[@class='card']/h3/text()")
            assert cards == [name]
    publish("retirement")
    links = tree(visitor(language="en").get("/")).xpath("//main//a[@class='card']/@href")
    assert links == ["/life-events/newborn/", "/life-events/retirement/"]
