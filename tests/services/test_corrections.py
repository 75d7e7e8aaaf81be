# SPDX-License-Identifier: Apache-2.0
"""Asking for corrections once and all at once, and answering them: elements, documents, and what hangs on them."""

from __future__ import annotations

from typing import Any

import pytest

from holds.variants import Body, publish_with, service
from people import DEPARTMENT, FORM, PARENT, do, grant, officer, publish, submit, uploaded
from services.record import (
    BIRTH,
    CARD,
    CDC,
    DAY_US,
    HOUR_US,
    INSURANCE,
    MONDAY_US,
    POLICE,
    VACCINATION,
    attributes,
    events,
    notices,
    reach_card,
    states,
    step,
    types,
    written,
)
from zhengtong.errors import BadInput, Conflict, FormFaults
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.casework import open_case
from zhengtong.services.models import Case, CorrectionRequest

pytestmark = [pytest.mark.django_db, pytest.mark.database]
WORDS = "姓名与出生医学证明不一致。\n请重新上传结婚证。"


@pytest.fixture
def case() -> str:
    return submit(publish(), at_us=MONDAY_US)


def ask(case: str, *items: str, key: str = BIRTH, at_us: int | None = None) -> Any:
    return do(AskCorrection(case, key, items, WORDS), officer(DEPARTMENT[key]), at_us=at_us)


def form(case: str) -> dict[str, Any]:
    return dict(Case.objects.get(number=case).form.values)


def test_a_request_names_its_items_in_the_record_and_its_words_only_in_its_own_row(case: str) -> None:
    done = ask(case, "marriage-certificate", "child_name")
    assert types(done) == ["correction_asked", "correction_worded", "notice_issued"]
    assert attributes(done, "correction_asked")["items"] == ["child_name", "marriage-certificate"]
    row = CorrectionRequest.objects.get()
    assert (row.items, row.text) == (["marriage-certificate", "child_name"], WORDS)
    assert states(case)[BIRTH] == "correcting"
    assert notices(case)[-1] == ("correct", BIRTH, "police")
    assert WORDS not in str(events(done))


@pytest.mark.parametrize(
    ("items", "text", "found"),
    [
        (("child_name", "blood_type"), "请核对", "blood_type"),
        (("household_district",), "请核对", "household_district"),  # another department's element
        (("parentage-statement",), "请核对", "parentage-statement"),  # this situation does not ask for it
        (("child_name",), "  ", None),
    ],
)
def test_only_what_this_department_asked_for_can_be_asked_to_be_corrected(
    items: tuple[str, ...], text: str, found: str | None, case: str
) -> None:
    before = written()
    with pytest.raises(BadInput) as error:
        do(AskCorrection(case, BIRTH, items, text), POLICE)
    assert error.value.found == found
    assert written() == before
    assert states(case)[BIRTH] == "pending"


def test_what_nobody_can_supply_cannot_be_asked_for(case: str) -> None:
    """An output of another step, or an address that this form never asked: the case would wait for ever."""
    grant(case, BIRTH)
    with pytest.raises(BadInput):
        ask(case, "household-register", key=INSURANCE)
    with pytest.raises(Conflict):
        ask(case, key=INSURANCE)
    assert states(case)[INSURANCE] == "pending"


def test_corrected_elements_and_documents_are_written_with_their_origin(case: str) -> None:
    ask(case, "child_name", "marriage-certificate", at_us=MONDAY_US + HOUR_US)
    action = SupplyCorrection(case, {**FORM, "child_name": "林知远"}, (uploaded("marriage-certificate"),))
    done = do(action, PARENT, at_us=MONDAY_US + DAY_US)
    assert types(done) == ["form_corrected", "material_recorded", "correction_supplied"]
    assert attributes(done, "form_corrected") == {"fields_corrected": 1, "materials_uploaded": 1}
    assert form(case) == FORM | {"child_name": "林知远"}
    origins = Case.objects.get(number=case).form.origins
    assert {key for key, origin in origins.items() if origin == "corrected"} == {"child_name"}
    assert Case.objects.get(number=case).materials.filter(key="marriage-certificate").count() == 2
    assert states(case)[BIRTH] == "pending"
    assert [fact["kind"] for fact in step(case, BIRTH).facts] == ["received", "correction_asked", "corrected"]


def test_what_was_not_asked_for_does_not_change(case: str) -> None:
    ask(case, "child_name")
    extra = (uploaded("birth-certificate"), uploaded("passport"))
    do(SupplyCorrection(case, {"child_name": "林知远", "mother_name": "别人", "contact_mobile": "1"}, extra), PARENT)
    assert form(case) == FORM | {"child_name": "林知远"}
    assert Case.objects.get(number=case).materials.count() == 2


def test_a_correction_that_changes_nothing_is_none(case: str) -> None:
    ask(case, "child_name")
    before = written()
    with pytest.raises(Conflict):
        do(SupplyCorrection(case, {"child_name": FORM["child_name"]}), PARENT)
    assert written() == before
    assert states(case)[BIRTH] == "correcting"


def test_a_wrong_correction_names_the_asked_field_and_changes_nothing(case: str) -> None:
    ask(case, "child_name", "mother_id")
    with pytest.raises(FormFaults) as error:
        do(SupplyCorrection(case, {"mother_id": "999900199003121008", "child_name": "林知远"}), PARENT)
    assert set(error.value.fields) == {"mother_id"}
    assert form(case) == FORM


def test_two_departments_requests_are_answered_together(case: str) -> None:
    ask(case, "child_name", key=BIRTH)
    ask(case, "birth-certificate", key=VACCINATION)
    done = do(SupplyCorrection(case, {"child_name": "林知远"}, (uploaded("birth-certificate"),)), PARENT)
    assert types(done).count("correction_supplied") == 2
    assert states(case)[BIRTH] == states(case)[VACCINATION] == "pending"


def test_a_second_request_of_the_same_department_is_refused(case: str) -> None:
    ask(case, "child_name")
    do(SupplyCorrection(case, {"child_name": "林知远"}), PARENT)
    with pytest.raises(Conflict) as error:
        ask(case, "mother_name")
    assert error.value.expected == "≤ 1"
    assert CorrectionRequest.objects.count() == 1
    do(AskCorrection(case, VACCINATION, ("child_name",), WORDS), CDC)  # the other department still has its one


def test_nothing_is_supplied_where_nothing_was_asked(case: str) -> None:
    with pytest.raises(Conflict):
        do(SupplyCorrection(case, {"child_name": "林知远"}), PARENT)


def test_correcting_precedes_acceptance_and_the_decision_clock_starts_after_it(case: str) -> None:
    ask(case, "child_name", at_us=MONDAY_US + HOUR_US)
    assert step(case, BIRTH).due_us is None, "nobody waits for the department while the applicant corrects"
    do(SupplyCorrection(case, {"child_name": "林知远"}), PARENT, at_us=MONDAY_US + 9 * DAY_US)
    do(AcceptStep(case, BIRTH), POLICE, at_us=MONDAY_US + 9 * DAY_US + HOUR_US)
    view = open_case(case, BIRTH, lock=False).limits(BIRTH, MONDAY_US + 10 * DAY_US).limit("decide")
    assert view is not None
    assert view.started_us == MONDAY_US + 9 * DAY_US + HOUR_US
    assert view.excluded == 0


# --- what hangs on a corrected answer -----------------------------------------------------------------------------


def test_a_corrected_answer_that_asks_for_more_is_answered_with_it() -> None:
    case = submit(publish())
    reach_card(case, accepted=False)

    def as_department(body: Body) -> None:
        service(body, CARD).pop("external")

    case = submit(publish_with(as_department))
    grant(case, BIRTH)
    ask(case, "delivery_method", key=CARD)
    with pytest.raises(FormFaults) as error:
        do(SupplyCorrection(case, {"delivery_method": "post"}), PARENT)
    assert set(error.value.fields) == {"postal_address"}
    do(SupplyCorrection(case, {"delivery_method": "post", "postal_address": "明川市临江区通达路 8 号"}), PARENT)
    assert form(case) == FORM | {"delivery_method": "post", "postal_address": "明川市临江区通达路 8 号"}


def test_what_a_corrected_answer_no_longer_asks_for_is_dropped() -> None:
    def as_department(body: Body) -> None:
        service(body, CARD).pop("external")

    by_post = {**FORM, "delivery_method": "post", "postal_address": "明川市临江区通达路 8 号"}
    case = submit(publish_with(as_department), raw=by_post)
    grant(case, BIRTH)
    ask(case, "delivery_method", key=CARD)
    do(SupplyCorrection(case, {"delivery_method": "pickup"}), PARENT)
    assert form(case) == FORM
    assert "postal_address" not in Case.objects.get(number=case).form.origins


def test_a_document_that_a_corrected_answer_needs_has_to_come_with_it() -> None:
    def proof_for_enhanced(body: Body) -> None:
        name = {"zh": "补贴证明", "en": "Proof of subsidy"}
        proof = {"key": "subsidy-proof", "name": name, "necessity": "required", "origin": "self"}
        service(body, VACCINATION)["elements"].append("insurance_tier")
        service(body, VACCINATION)["materials"].append(proof)
        body["event"]["asks"].append({"material": "subsidy-proof", "when": "insurance_tier == 'enhanced'"})

    case = submit(publish_with(proof_for_enhanced))
    ask(case, "insurance_tier", key=VACCINATION)
    with pytest.raises(FormFaults) as error:
        do(SupplyCorrection(case, {"insurance_tier": "enhanced"}), PARENT)
    assert set(error.value.fields) == {"subsidy-proof"}
    done = do(SupplyCorrection(case, {"insurance_tier": "enhanced"}, (uploaded("subsidy-proof"),)), PARENT)
    assert attributes(done, "form_corrected") == {"fields_corrected": 1, "materials_uploaded": 1}


def test_a_correction_never_changes_which_services_the_case_has() -> None:
    def card_only_by_pickup(body: Body) -> None:
        service(body, BIRTH)["elements"].append("delivery_method")
        (use,) = (use for use in body["event"]["services"] if use["service"] == CARD)
        use["when"] = "delivery_method == 'pickup'"

    case = submit(publish_with(card_only_by_pickup))
    assert CARD in states(case)
    ask(case, "delivery_method")
    with pytest.raises(FormFaults) as error:
        do(SupplyCorrection(case, {"delivery_method": "post"}), PARENT)
    assert set(error.value.fields) == {"delivery_method"}
    assert set(open_case(case, lock=False).steps) == set(DEPARTMENT), "the case is still readable"
