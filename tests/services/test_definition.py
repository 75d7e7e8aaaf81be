# SPDX-License-Identifier: Apache-2.0
"""Faults planted in a copy of the tests' city: each named with its file, line and field, and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from zhengtong.city.load import check, load
from zhengtong.services.choices import no_options
from zhengtong.services.definition import LifeEventFile

EVENT, BIRTH = "life-events/newborn.yaml", "services/birth-registration.yaml"
INSURANCE, VACCINATION = "services/resident-insurance.yaml", "services/vaccination-record.yaml"
CARD = "services/social-security-card.yaml"
REGIMES, REASONS, REMEDIES = "standards/regimes.yaml", "standards/reasons.yaml", "standards/remedies.yaml"
SYSTEMS, COLOURS = "organization/systems.yaml", "organization/supervision.yaml"
DEPARTMENTS, CONTACT = "organization/departments.yaml", "standards/elements/contact.yaml"
CHILD, DELIVERY = "standards/elements/newborn.yaml", "standards/code-lists/delivery-method.yaml"
STAGES = "standards/stages.yaml"
YEAR, REFUSE = "calendar/2026.yaml", "notices/refuse.typ"


def line_of(text: str, place: str) -> int:
    """The line in which `place`, which stands once in the file, ends."""
    assert text.count(place) == 1, (place, text.count(place))
    return text[: text.index(place) + len(place)].count("\n") + 1


def line_in(folder: Path, file: str, place: str) -> int:
    return line_of((folder / file).read_text("utf-8", "surrogateescape"), place)


@dataclass(frozen=True)
class Planted:
    """`old`, in the line where `place` ends, becomes `new`; the one fault has `field` and says `words`."""

    file: str
    place: str
    old: str
    new: str
    field: str
    words: str
    named: int = 0
    """How many lines after the planted one the fault stands (a missing key stands at its mapping)."""

    def plant(self, folder: Path) -> tuple[str, int]:
        """Returns where the fault is to be named."""
        path = folder / self.file
        text = path.read_text("utf-8", "surrogateescape")
        line = line_of(text, self.place)
        lines = text.split("\n")
        assert self.old in lines[line - 1], (self.file, line, lines[line - 1])
        lines[line - 1] = lines[line - 1].replace(self.old, self.new, 1)
        path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
        return self.file, line + self.named


PLANTED = {
    # services
    "a misspelt key": Planted(BIRTH, "promised:", "promised:", "promissed:", "promissed", "did you mean promised"),
    "an unknown key": Planted(BIRTH, "visits: 0", "visits: 0", "visits: 0\ncolour: red", "colour", "unknown key", 1),
    "a wrong type": Planted(
        BIRTH, "online_depth: 4", "online_depth: 4", 'online_depth: "4"', "online_depth", "whole number"
    ),
    "too deep": Planted(CARD, "online_depth: 4", "online_depth: 4", "online_depth: 5", "online_depth", "too large"),
    "a dangling department": Planted(
        BIRTH, "police", "police", "polcie", "department", "no such entry among the department"
    ),
    "a dangling element": Planted(CARD, "mother_id", "mother_id", "mother_idd", "elements[4]", "no such entry"),
    "an element twice": Planted(
        CARD, "birth_date,", "birth_date,", "birth_date, child_sex,", "elements[3]", "stands twice"
    ),
    "a dangling regime": Planted(
        VACCINATION, "public-service", "public-service", "publik-service", "regime", "no such entry"
    ),
    "a dangling system": Planted(CARD, "card-system", "card-system", "cards-system", "external", "no such entry"),
    "a kind nobody knows": Planted(BIRTH, "kind: promised", "promised", "promise", "kind", "not one of the values"),
    "a promise longer than the law": Planted(INSURANCE, "days: 5", "days: 5", "days: 21", "promised.days", "longer"),
    "near longer than the limit": Planted(
        VACCINATION, "near: 1", "near: 1", "near: 4", "promised.near", "before it begins"
    ),
    "a day count below nought": Planted(VACCINATION, "days: 3", "days: 3", "days: -3", "promised.days", "too small"),
    "a wrong check character": Planted(BIRTH, "MB0000016", "MB0000016", "MB0000017", "code", "check character"),
    "a code too short": Planted(INSURANCE, "01001", "01001", "0101", "code", "31 characters"),
    "a necessity nobody knows": Planted(
        BIRTH,
        "name: {zh: 出生医学证明, en: Medical certificate of birth}\n    necessity: required",
        "required",
        "needed",
        "materials[0].necessity",
        "not one of the",
    ),
    "a document twice": Planted(
        BIRTH,
        "    origin: self",
        "    origin: self",
        "    origin: self\n  - {key: birth-certificate, name: {zh: 出生医学证明, en: C}, "
        "necessity: optional, origin: self}",
        "materials[3].key",
        "stands twice",
        1,
    ),
    "an output nobody issues": Planted(
        INSURANCE,
        "output: household-regist",
        "household-register",
        "household-regster",
        "services[2].service",
        "issues",
        0,
    ),
    "an output that is not said": Planted(
        INSURANCE,
        "    output: household-register",
        "    output: household-register",
        "    hint: {zh: 无, en: None}",
        "materials[0].output",
        "names it",
        -4,
    ),
    "an output not meant": Planted(
        VACCINATION,
        "    origin: government",
        "    origin: government",
        "    origin: government\n    output: vaccination-record",
        "materials[0].output",
        "no other material does",
        1,
    ),
    "a missing translation": Planted(
        BIRTH, ", en: Registration of a birth", ", en: Registration of a birth", "", "name.en", "required key"
    ),
    "a missing key": Planted(
        CARD, "regime: public-service", "regime: public-service", "# regime", "regime", "required key is missing", -8
    ),
    "a key unlike its file": Planted(
        CARD,
        "# SPDX-License-Identifier: Apache-2.0\nkey: social-security-card",
        "social-security-card",
        "social-card",
        "key",
        "differs from the file",
    ),
    "a mapping key twice": Planted(
        BIRTH, "visits: 0", "visits: 0", "visits: 0\nvisits: 1", "visits", "duplicate key", 1
    ),
    # life events
    "a dangling service": Planted(
        EVENT, "- {service: vaccination-", "vaccination-record", "vaccination-recrd", "services[1].service", "no"
    ),
    "a service twice": Planted(
        EVENT, "card}", "card}", "card}\n  - {service: birth-registration}", "services[4].service", "twice", 1
    ),
    "CEL syntax": Planted(
        EVENT, "- {material: marriage-ce", "== 'married'", "== 'married' &&", "asks[0].when", "syntax error"
    ),
    "CEL misspelt name": Planted(
        EVENT, "birth_place ==", "birth_place ==", "birthplace ==", "asks[1].when", "there is no birth"
    ),
    "CEL wrong type": Planted(EVENT, "- {element: father_name,", "'married'", "1", "asks[2].when", "types do not fit"),
    "CEL not yes or no": Planted(
        EVENT, "- {element: father_name,", "parents == 'married'", "parents", "asks[2].when", "true or false"
    ),
    "an option nobody has": Planted(
        EVENT, "- {element: father_id, w", "'married'", "'maried'", "asks[3].when", "parents has no such option"
    ),
    "a code nobody has": Planted(
        EVENT, "'post'", "'post'", "'mail'", "asks[4].when", "delivery_method has no such option"
    ),
    "a document nobody wants": Planted(
        EVENT, "material: marriage-", "material: marriage-", "material: marrige-", "asks[0].material", "asks for it"
    ),
    "a consent instead of nothing": Planted(
        EVENT, "of: marriage-", "of: marriage-", "of: marrige-", "consents[0].instead_of", "asks the applicant for it"
    ),
    "a consent of nobody": Planted(
        EVENT, "{name: father_name,", "father_name,", "fathers_name,", "consents[0].holders[0].name", "no such entry"
    ),
    "an element nobody asks": Planted(
        EVENT, "postal_address", "postal_address", "postal_code", "asks[4].element", "asks this"
    ),
    "an ask of neither": Planted(
        EVENT, "element: father_name, ", "element: father_name, ", "", "asks[2]", "either an element or a material"
    ),
    "an ask of both": Planted(
        EVENT, "- {element: father_name,", "{element", "{material: birth-certificate, element", "asks[2]", "either"
    ),
    "an option twice": Planted(
        EVENT,
        "Not married}}",
        "Not married}}",
        "Not married}}\n      - {key: married, name: {zh: 已婚, en: Wed}}",
        "situations[1].options[2].key",
        "twice",
        1,
    ),
    "a question twice": Planted(
        EVENT,
        "Not married}}",
        "Not married}}",
        "Not married}}\n  - {key: parents, question: {zh: 问, en: Q}, options: "
        "[{key: a, name: {zh: 甲, en: A}}, {key: b, name: {zh: 乙, en: B}}]}",
        "situations[2].key",
        "twice",
        1,
    ),
    "a question named as an element": Planted(
        EVENT,
        "Not married}}",
        "Not married}}",
        "Not married}}\n  - {key: insurance_tier, question: {zh: 问, en: Q}, options: "
        "[{key: a, name: {zh: 甲, en: A}}, {key: b, name: {zh: 乙, en: B}}]}",
        "situations[2].key",
        "apart",
        1,
    ),
    "one option only": Planted(
        EVENT, "      - {key: elsewhere", "      - {key: elsewhere", "#", "situations[0].options", "too few", -2
    ),
    "an audience nobody is": Planted(EVENT, "person", "person", "people", "audience", "not one of the values"),
    "before in words": Planted(EVENT, "days: 22", "22", "twenty", "before[0].days", "whole number"),
    "a stage nobody lives": Planted(EVENT, "stage: birth", "birth", "brith", "stage", "no such entry"),
    "a stage of businesses": Planted(EVENT, "stage: birth", "birth", "entry", "stage", "the other audience"),
    "a stage twice": Planted(STAGES, "key: education", "education", "birth", "[1].key", "duplicate key"),
    "one document under two keys": Planted(
        VACCINATION, "key: birth-certificate", "birth-certificate", "birth-paper", "services[1].service", "two keys"
    ),
    "two documents under one key": Planted(
        VACCINATION, "出生医学证明", "出生医学证明", "出生证", "services[1].service", "two documents by one key"
    ),
    # regimes, reasons, remedies, systems
    "deemed without a limit": Planted(
        REGIMES,
        "name: {zh: 公共服务, en: Public service}\n  corrections: 1",
        "corrections: 1",
        "corrections: 1\n  deemed: true",
        "[2].deemed",
        "without a time limit",
        1,
    ),
    "a unit nobody knows": Planted(
        REGIMES, "days: 20,", "days: 20,", "days: 20, unit: weeks,", "[0].decide.unit", "not one of"
    ),
    "a regime twice": Planted(REGIMES, "public-service", "public-service", "registration", "[2].key", "duplicate key"),
    "a use nobody knows": Planted(
        REASONS,
        "name: {zh: 不符合法定条件, en: The legal conditions are not met}\n  use: refuse",
        "refuse",
        "refusal",
        "[0].use",
        "not one of the values",
    ),
    "a reason twice": Planted(
        REASONS, "identity-differs", "identity-differs", "conditions-not-met", "[1].key", "duplicate key"
    ),
    "a remedy without a basis": Planted(
        REMEDIES, "  basis: 行政复议法", "  basis: 行政复议法", "", "[0].basis", "missing", -3
    ),
    "a system of nobody": Planted(SYSTEMS, "department:", "hr", "hrs", "[0].department", "no such entry"),
    # supervision, departments, elements, codes, calendar
    "an opener nobody is": Planted(
        COLOURS, "government_office", "government_office", "goverment_office", "openers[0]", "no such entry"
    ),
    "a term twice": Planted(COLOURS, "key: normal", "key: normal", "key: urgent", "terms[1].key", "stands twice"),
    "a colour twice": Planted(COLOURS, "orange", "orange", "blue", "colours[1].key", "stands twice"),
    "silence without a term": Planted(
        COLOURS,
        "triggers: [{on: near, term: {days: 3}}, {on: judged}]\n    answer: {days: 5}",
        "    answer: {days: 5}",
        "",
        "colours[1].triggers[1].on",
        "needs a time to answer",
        3,
    ),
    "a trigger nobody knows": Planted(
        COLOURS, "on: judged", "on: judged", "on: judge", "colours[0].triggers[1].on", "not one"
    ),
    "a parent nobody is": Planted(
        DEPARTMENTS,
        "short: {zh: 政府办公室, en: Government Office}\n  parent: government",
        "government",
        "goverment",
        "[1].parent",
        "no such entry",
    ),
    "departments in a ring": Planted(
        DEPARTMENTS, "short: {zh: 市政府, en: Mun", "short:", "parent: office\n  short:", "[0].parent", "ring"
    ),
    "a type nobody knows": Planted(
        CONTACT,
        "name: {zh: 申请人姓名, en: Applicant's name}\n  type: text",
        "text",
        "txt",
        "[0].type",
        "not one of the values",
    ),
    "a list of codes nobody has": Planted(
        CONTACT, "delivery-method", "delivery-method", "delivery", "[3].code_list", "no such entry"
    ),
    "an example against its own rules": Planted(CHILD, "example: 林知夏", "林知夏", "林知夏1", "[0].example", "breaks"),
    "a pattern that is none": Planted(
        CHILD, "[\\p{Han}", r"[\p{Han}", r"[\p{Hann}", "[0].pattern", "regular expression"
    ),
    "a code twice": Planted(
        DELIVERY,
        "By post}}",
        "By post}}",
        "By post}}\n  - {code: post, name: {zh: 邮, en: Post}}",
        "codes[2].code",
        "duplicate",
        1,
    ),
    "no such day": Planted(YEAR, "2026-01-03", "2026-01-03", "2026-02-30", "holidays[0].last", "not a valid date"),
    "a holiday that ends before it begins": Planted(
        YEAR, "2026-05-05", "2026-05-05", "2026-04-05", "holidays[3].last", "ends"
    ),
    "work on a holiday": Planted(YEAR, "2026-01-04", "2026-01-04", "2026-01-02", "workdays[0]", "same day"),
    "work on a working day": Planted(
        YEAR, "2026-02-14", "2026-02-14", "2026-02-13", "workdays[1]", "working day anyway"
    ),
    # the files themselves
    "a tab": Planted(BIRTH, "name: {zh: 出生医学证明, en: M", "    name", "\tname", "", "tab"),
    "not UTF-8": Planted(REMEDIES, "Apply", "Apply", "\udcff", "", "UTF-8"),
    "a template not UTF-8": Planted(REFUSE, "#says", "#says", "\udcb2\udcbb", "", "UTF-8"),
    "an unclosed bracket": Planted(BIRTH, "near: 1}", "near: 1}", "near: 1", "", "YAML syntax error"),
}


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tests' city with one life event of its many: what stands in the others' files is checked again and again."""
    folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))
    for event in folder.glob("life-events/*.yaml"):
        if event.name != "newborn.yaml":
            event.unlink()
    for service in folder.glob("services/*.yaml"):
        if f"service: {service.stem}}}" not in (folder / EVENT).read_text("utf-8"):
            service.unlink()
    return folder


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_named_and_nothing_else(name: str, city: Path) -> None:
    planted = PLANTED[name]
    where = planted.plant(city)
    (fault,) = check(city)
    if planted.field.startswith("services["):  # named at the life event that joins the services
        number = int(planted.field.removeprefix("services[")[0])
        where = EVENT, line_in(city, EVENT, "\nservices:") + 1 + number
    assert (fault.file, fault.line, fault.field) == (*where, planted.field)
    assert planted.words in fault.say("en")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in fault.zh)


def test_the_demo_city_itself_has_no_fault(city: Path) -> None:
    assert check(city) == []


def test_services_that_wait_for_each_other_are_named(city: Path) -> None:
    """Birth registration would need the insurance proof, which needs the household register."""
    path = city / BIRTH
    needs = (
        "  - {key: proof, name: {zh: 证明, en: Proof}, necessity: required, origin: output, "
        "output: insurance-enrolment}"
    )
    path.write_text(path.read_text("utf-8").replace("\noutput:", f"\n{needs}\noutput:"), "utf-8")
    (fault,) = check(city)
    assert (fault.file, fault.line, fault.field) == (EVENT, line_in(city, EVENT, "\nservices:"), "services")
    assert "wait for each other: birth-registration, resident-insurance, social-security-card" in fault.en


def test_an_output_has_one_issuer(city: Path) -> None:
    path = city / VACCINATION
    path.write_text(path.read_text("utf-8").replace("  key: vaccination-record", "  key: household-register"), "utf-8")
    (fault,) = check(city)
    assert (fault.file, fault.line) == (EVENT, line_in(city, EVENT, "service: vaccination-record"))
    assert "issued by birth-registration already" in fault.en


def test_before_figures_may_name_services_the_city_does_not_have(city: Path) -> None:
    path = city / EVENT
    path.write_text(path.read_text("utf-8").replace("maternity-expenses", "anything-at-all"), "utf-8")
    assert check(city) == []


def test_a_notice_without_its_template_is_named(city: Path) -> None:
    (city / REFUSE).unlink()
    (city / "notices/refuse.tpy").write_text("", "utf-8")
    missing, stray = sorted(check(city), key=lambda fault: fault.zh)
    assert {missing.file, stray.file} == {REFUSE, "notices/refuse.tpy"}


def test_many_faults_at_once_are_all_named(city: Path) -> None:
    """One in every second file kind, so that none hides behind another."""
    names = [
        "a wrong check character", "a unit nobody knows", "a use nobody knows", "a system of nobody", "a term twice",
        "a parent nobody is", "an example against its own rules", "a code twice", "work on a holiday",
        "a template not UTF-8", "a document twice", "a promise longer than the law",
    ]  # fmt: skip
    where = {name: PLANTED[name].plant(city) for name in names}
    found = {(fault.file, fault.line) for fault in check(city)}
    # what depends on a faulty regime or code list cannot be judged, and is not guessed at
    certain = set(names) - {"a promise longer than the law", "a document twice"}
    assert {where[name] for name in certain} <= found
    assert found <= set(where.values())


CHOICES = {"parents": ["married", "unmarried"], "place": ["here", "there"]}


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ("parents == 'maried'", ["maried"]),
        ("'maried' == parents", ["maried"]),
        ('parents != "maried" && place == "here"', ["maried"]),
        ("parents in ['married', 'widowed', 'single']", ["widowed", "single"]),
        ("place == 'here' || parents == 'x' || place == 'y'", ["x", "y"]),
        ("parents == '' ", [""]),
        ("(parents) == 'x'", []),  # not a plain comparison: left alone rather than guessed at
        ("parents == 'married'", []),
        ("parents.startsWith('mar')", []),
        ("parents + 'x' == 'marriedx'", []),
        ("'un' + parents == 'unmarried'", []),
        ("parents == 'un' + 'married'", []),
        ("size(parents) == 7 && other == 'x'", []),
        ("other.parents == 'x'", []),
        ("place == 'it is parents == \"x\"'", ['it is parents == "x"']),
        (r"parents == 'mar\x72ied'", []),
        ("parents == r'x'", []),
        ("parents == '''married'''", []),
        ("place == 'here' // parents == 'x'", []),
    ],
)
def test_only_a_literal_that_can_never_hold_is_named(condition: str, wrong: list[str]) -> None:
    assert [one.found for one in no_options(condition, CHOICES)] == wrong


def test_every_condition_of_the_demo_city_is_looked_at() -> None:
    event = load(settings.ZHENGTONG_CITY).get(LifeEventFile, "newborn")
    seen = [one.found for ask in event.asks for one in no_options(ask.when, {"parents": [], "delivery_method": []})]
    assert sorted(seen) == ["married", "married", "married", "post", "unmarried"]
