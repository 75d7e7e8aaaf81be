# SPDX-License-Identifier: Apache-2.0
"""No personal data in the record: identifiers are planted everywhere and must be refused, codes must pass."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.factory import NOW, new_event
from zhengtong.errors import BadInput
from zhengtong.ledger.composed import Log
from zhengtong.ledger.ids import new_id
from zhengtong.ledger.models import Event
from zhengtong.ledger.record import ObjectRef, append
from zhengtong.ledger.rules.privacy import check_attributes, check_code

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643-1999."""


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    area = draw(st.integers(110000, 659999))
    year, month, day = draw(st.integers(1900, 2035)), draw(st.integers(1, 12)), draw(st.integers(1, 28))
    body = f"{area}{year}{month:02}{day:02}{draw(st.integers(0, 999)):03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


mobiles = st.builds("1{}{:09}".format, st.integers(3, 9), st.integers(0, 999_999_999))
split_mobiles = mobiles.flatmap(
    lambda number: st.sampled_from("-_.:/").map(lambda mark: f"{number[:3]}{mark}{number[3:7]}{mark}{number[7:]}")
)
names = st.text("赵钱孙李周吴郑王一二三小大明红", min_size=1, max_size=4)
free_text = st.text(min_size=1).filter(lambda text: not text.isascii() or any(letter.isspace() for letter in text))
around = st.text("abcXYZ-_:/.", max_size=6)
planted = st.builds("a{}{}{}".format, around, st.one_of(id_numbers(), mobiles, split_mobiles), around) | st.one_of(
    id_numbers(), id_numbers().map(str.lower), mobiles, split_mobiles, names, free_text
)


def _places(text: str) -> dict[str, object]:
    return {
        "value": {"note": text},
        "list": {"notes": ["ok", text]},
        "nested": {"a": {"b": [{"c": text}]}},
        "key": {text: 1},
        "nested key": {"a": {text: 1}},
    }


@settings(deadline=None, max_examples=600)
@given(planted)
def test_identifiers_and_free_text_are_refused_wherever_they_stand_in_attributes(text: str) -> None:
    for place, attributes in _places(text).items():
        with pytest.raises(BadInput) as raised:
            check_attributes(attributes, "event")  # type: ignore[arg-type]
        if "key" not in place:
            said = raised.value.say("zh") + raised.value.say("en")
            assert len(text) < 4 or text not in said, "the error repeats what must not be kept"


@pytest.mark.parametrize("number", ["110101199003070038", "11010119900307003X", "13800138000", "138-0013-8000"])
@pytest.mark.parametrize("place", ["actor", "department", "object", "attribute", "type"])
def test_no_field_of_an_event_takes_an_identifier(number: str, place: str, log: Log) -> None:
    event = new_event(
        f"M26-{number}" if place == "object" else "M26-1",
        type=f"t_{number.lower()}".replace("-", "_") if place == "type" else "case_submitted",
        **({"reference": f"ref/{number}"} if place == "attribute" else {}),
    )
    changed = {name: number for name in ("actor", "department") if name == place}
    with transaction.atomic(), pytest.raises(BadInput):
        append(new_id(), [type(event)(**{**_fields(event), **changed})], recorded_us=NOW)
    assert not Event.objects.exists()


def _fields(event: object) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__slots__}  # type: ignore[attr-defined]


@settings(deadline=None, max_examples=300)
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32), st.uuids())
def test_random_ids_and_hashes_always_pass(short: bytes, long: bytes, one: uuid.UUID) -> None:
    check_attributes(
        {"id": short.hex(), "hash": long.hex(), "uuid": str(one), "of": f"sha256:{long.hex()}/{short.hex()}"}, "event"
    )


def test_a_hash_that_happens_to_hold_a_telephone_number_passes() -> None:
    """In random hex it turns up about once in a hundred ids; a record that stops then is no record."""
    check_code("01997a13800138000bcdef0123456789"[:32], "event")
    check_code("a110101199003070038bcdef01234567" + "0" * 32, "event")


@pytest.mark.parametrize(
    "code",
    [
        "M26-00017",
        "birth_registration",
        "110101",
        "11110101MB1234567Y",
        "1" * 31,
        "2026-11-23",
        "v1.2.3",
        "a/b:c-d_e.f",
    ],
)
def test_codes_pass(code: str) -> None:
    assert check_code(code, "event") == code


def test_an_integer_like_a_mobile_number_needs_a_unit_in_its_name() -> None:
    check_attributes(
        {"waited_us": 13_800_138_000, "fee_fen": 13_800_138_000, "version": 3, "ok": True, "e": ""}, "event"
    )
    for attributes in ({"phone": 13_800_138_000}, {"a": {"b": [18_612_345_678]}}, {"id": 110101199003070038}):
        with pytest.raises(BadInput):
            check_attributes(attributes, "event")  # type: ignore[arg-type]


@pytest.mark.database
def test_what_was_planted_is_nowhere_in_the_database(log: Log) -> None:
    secrets = ["110101199003070038", "13800138000", "张三"]
    for secret in secrets:
        for event in (new_event(secret), new_event(name=secret), new_event("M26-1", ObjectRef("person", secret))):
            with pytest.raises(BadInput), transaction.atomic():
                append(new_id(), [new_event(), event], recorded_us=NOW)
    assert not Event.objects.exists(), "a refused event took a good one of its act with it, and both are gone"
