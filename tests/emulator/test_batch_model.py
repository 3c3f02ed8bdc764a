"""Batches and merges, whatever is asked of them, against a model that is too simple to be wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from tests.emulator.hub import Hub

Json = dict[str, Any]

NAMES = st.sampled_from(["Ada", "Grace", "Alan"])
ADDRESSES = st.sampled_from([f"person{n}@model.example" for n in range(6)])
PHONES = st.sampled_from(["1", "2", ""])
BASE = "/crm/objects/2026-03/contacts"


@dataclass
class Model:
    """Contacts as plain dictionaries; what was merged away leads to what it became."""

    live: dict[str, dict[str, str]] = field(default_factory=dict)
    archived: dict[str, dict[str, str]] = field(default_factory=dict)
    became: dict[str, str] = field(default_factory=dict)

    def addresses(self) -> dict[str, str]:
        return {address: each for each, values in self.live.items() for address in self.all_addresses(values)}

    @staticmethod
    def all_addresses(values: dict[str, str]) -> list[str]:
        more = values.get("hs_additional_emails", "").split(";")
        return [address for address in (values.get("email", ""), *more) if address]


class Batches(RuleBasedStateMachine):
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.hub = Hub()
        self.hub.app()
        self.hub.portal()
        self.hub.install()
        self.model = Model()

    def post(self, path: str, body: Json) -> Any:
        self.hub.time.pass_(1)
        return self.hub.post(f"{BASE}/{path}", body)

    def _make(self, rows: list[tuple[str, str]], *, traced: bool) -> tuple[Any, list[str]]:
        inputs: list[Json] = [{"properties": {"email": email, "firstname": name}} for email, name in rows]
        if traced:
            inputs = [each | {"objectWriteTraceId": str(n)} for n, each in enumerate(inputs)]
        answer = self.post("batch/create", {"inputs": inputs})
        made = []
        for result in answer.json().get("results", []):
            values = result["properties"]
            self.model.live[result["id"]] = {"email": values["email"], "firstname": values["firstname"]}
            made.append(result["id"])
        return answer, made

    @rule(target=ids, rows=st.lists(st.tuples(ADDRESSES, NAMES), min_size=1, max_size=4))
    def create_all_or_nothing(self, rows: list[tuple[str, str]]) -> Any:
        taken = self.model.addresses()
        emails = [email for email, _ in rows]
        possible = len(set(emails)) == len(emails) and not taken.keys() & set(emails)
        answer, made = self._make(rows, traced=False)
        assert answer.status_code == (201 if possible else 409), answer.text
        assert len(made) == (len(rows) if possible else 0)
        return multiple(*made)

    @rule(target=ids, rows=st.lists(st.tuples(ADDRESSES, NAMES), min_size=1, max_size=4))
    def create_each_by_itself(self, rows: list[tuple[str, str]]) -> Any:
        taken = set(self.model.addresses())
        expected = []
        for number, (email, _) in enumerate(rows):
            if email not in taken:
                expected.append(str(number))
                taken.add(email)
        answer, made = self._make(rows, traced=True)
        assert answer.status_code == (201 if len(expected) == len(rows) else 207), answer.text
        assert [each["objectWriteTraceId"] for each in answer.json()["results"]] == expected
        assert len(answer.json().get("errors", [])) == len(rows) - len(expected)
        return multiple(*made)

    @rule(wanted=st.lists(ids, min_size=1, max_size=5))
    def read(self, wanted: list[str]) -> None:
        body = {"inputs": [{"id": each} for each in wanted], "properties": ["email", "firstname", "phone"]}
        answer = self.post("batch/read", body)
        found = [each for each in dict.fromkeys(wanted) if each in self.model.live]
        missing = [each for each in dict.fromkeys(wanted) if each not in self.model.live]
        assert answer.status_code == (207 if missing else 200)
        assert [each["id"] for each in answer.json()["results"]] == found
        if missing:
            [error] = answer.json()["errors"]
            assert sorted(error["context"]["ids"]) == sorted(missing)

    @rule(rows=st.lists(st.tuples(ids, PHONES), min_size=1, max_size=4))
    def update(self, rows: list[tuple[str, str]]) -> None:
        inputs = [{"id": each, "properties": {"phone": phone}} for each, phone in rows]
        answer = self.post("batch/update", {"inputs": inputs})
        if len({each for each, _ in rows}) < len(rows):
            assert answer.status_code == 400
            return
        found = {each: phone for each, phone in rows if each in self.model.live}
        assert answer.status_code == (200 if len(found) == len(rows) else 207)
        assert {each["id"] for each in answer.json()["results"]} == found.keys()
        for each, phone in found.items():
            self.model.live[each]["phone"] = phone

    @rule(rows=st.lists(st.tuples(ids, PHONES), min_size=1, max_size=3), at=st.integers(0, 2))
    def update_with_a_value_that_is_refused(self, rows: list[tuple[str, str]], at: int) -> None:
        """Nothing of the batch is written."""
        inputs: list[Json] = [{"id": each, "properties": {"phone": phone}} for each, phone in dict(rows).items()]
        culprit = inputs[at % len(inputs)]
        culprit["properties"]["lifecyclestage"] = "butterfly"
        answer = self.post("batch/update", {"inputs": inputs})
        assert answer.status_code == (400 if culprit["id"] in self.model.live else answer.status_code)
        if answer.status_code != 400:
            for result in answer.json()["results"]:
                self.model.live[result["id"]]["phone"] = dict(rows)[result["id"]]

    @rule(target=ids, rows=st.lists(st.tuples(ADDRESSES, NAMES), min_size=1, max_size=3))
    def upsert(self, rows: list[tuple[str, str]]) -> Any:
        inputs = [{"id": email, "idProperty": "email", "properties": {"firstname": name}} for email, name in rows]
        before = self.model.addresses()
        answer = self.post("batch/upsert", {"inputs": inputs})
        if len({email for email, _ in rows}) < len(rows):
            assert answer.status_code == 400
            return multiple()
        assert answer.status_code == 200, answer.text
        made = []
        for (email, name), result in zip(rows, answer.json()["results"], strict=True):
            assert result["new"] == (email not in before)
            assert before.get(email, result["id"]) == result["id"]
            values = self.model.live.setdefault(result["id"], {"email": email})
            values["firstname"] = name
            made.append(result["id"])
        return multiple(*made)

    @rule(wanted=st.lists(ids, min_size=1, max_size=4))
    def archive(self, wanted: list[str]) -> None:
        answer = self.post("batch/archive", {"inputs": [{"id": each} for each in wanted]})
        assert answer.status_code == 204
        for each in dict.fromkeys(wanted):
            if each in self.model.live:
                self.model.archived[each] = self.model.live.pop(each)

    @rule(target=ids, primary=ids, other=ids)
    def merge(self, primary: str, other: str) -> Any:
        primary, other = self._now(primary), self._now(other)
        answer = self.post("merge", {"primaryObjectId": primary, "objectIdToMerge": other})
        if primary == other or not {primary, other} <= self.model.live.keys():
            assert answer.status_code in (400, 404)
            return multiple()
        new = answer.json()["id"]
        winner, loser = self.model.live.pop(primary), self.model.live.pop(other)
        values = {**loser, **{name: value for name, value in winner.items() if value}}
        kept = values.get("email", "")
        more = [each for side in (winner, loser) for each in Model.all_addresses(side) if each != kept]
        if more:
            values["hs_additional_emails"] = ";".join(dict.fromkeys(more))
        self.model.live[new] = values
        self.model.became |= {primary: new, other: new}
        return multiple(new)

    def _now(self, record_id: str) -> str:
        while record_id in self.model.became:
            record_id = self.model.became[record_id]
        return record_id

    @rule(wanted=ids)
    def an_old_id_leads_to_what_it_became(self, wanted: str) -> None:
        self.hub.time.pass_(1)
        answer = self.hub.get(f"{BASE}/{wanted}")
        now = self._now(wanted)
        assert answer.status_code == (200 if now in self.model.live else 404)
        if answer.status_code == 200:
            assert answer.json()["id"] == now

    @invariant()
    def the_list_is_the_model(self) -> None:
        self.hub.time.pass_(1)
        names = ["email", "firstname", "phone", "hs_additional_emails"]
        rows = self.hub.get(BASE, limit=100, properties=",".join(names)).json()["results"]
        shown = {row["id"]: {name: row["properties"][name] or "" for name in names} for row in rows}
        assert shown == {
            each: {name: values.get(name, "") for name in names} for each, values in self.model.live.items()
        }


Batches.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestBatches = Batches.TestCase
