"""What the emulator holds, asked for directly: what the programs' answers are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from compat.hub import Hub, Json

# What can be told apart, and when it was last changed in milliseconds.
Known = dict[str, int]


class Truth:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._headers = {"Authorization": f"Bearer {hub.private_token()}"}

    def get(self, path: str, **params: Any) -> Any:
        answer = self._hub.http.get(path, params=params, headers=self._headers)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def post(self, path: str, body: Json) -> Any:
        answer = self._hub.http.post(path, json=body, headers=self._headers)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def put(self, path: str, body: Any) -> Any:
        answer = self._hub.http.put(path, json=body, headers=self._headers)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def pages(self, path: str, **params: Any) -> Iterator[Json]:
        """All results of a list that is paged with `after`."""
        after = None
        while True:
            page = self.get(path, **params, **({"after": after} if after else {}))
            yield from page["results"]
            after = page.get("paging", {}).get("next", {}).get("after")
            if after is None:
                return

    def records(self, plural: str, *, archived: bool = False) -> Known:
        """Checked against the emulator's own count."""
        rows = self.pages(f"/crm/v3/objects/{plural}", limit=100, archived=str(archived).lower())
        found = {row["id"]: milliseconds(row["archivedAt" if archived else "updatedAt"]) for row in rows}
        assert archived or len(found) == self._hub.counts().get(plural, len(found))
        return found

    def activities(self) -> Known:
        """Of all kinds: engagements, as the first version of the API called them."""
        kinds = {"NOTE": "notes", "TASK": "tasks", "CALL": "calls", "EMAIL": "emails", "MEETING": "meetings"}
        return {f"{name}/{key}": at for name, plural in kinds.items() for key, at in self.records(plural).items()}

    def owners(self, *, archived: bool = False) -> Known:
        rows = self.pages("/crm/v3/owners", archived=str(archived).lower())
        return {row["id"]: milliseconds(row["updatedAt"]) for row in rows}

    def pipelines(self, plural: str, since: str = "1970-01-01T00:00:00Z") -> Known:
        """Those that every account has are as old as the epoch."""
        rows = self.get(f"/crm/v3/pipelines/{plural}")["results"]
        found = {row["id"]: milliseconds(row["updatedAt"]) for row in rows}
        return {key: at for key, at in found.items() if at >= milliseconds(since)}

    def history(self, plural: str) -> Known:
        """Every version of every property, but for the times of changes themselves."""
        names = [row["name"] for row in self.get(f"/crm/v3/properties/{plural}")["results"]]
        found = {}
        for row in self.pages(f"/crm/v3/objects/{plural}", limit=50, propertiesWithHistory=",".join(names)):
            for name, versions in row["propertiesWithHistory"].items():
                for each in versions if name != "hs_lastmodifieddate" else ():
                    found[f"{row['id']}/{name}/{milliseconds(each['timestamp'])}"] = milliseconds(each["timestamp"])
        return found

    def lists(self) -> Known:
        rows = self.post("/crm/v3/lists/search", {"count": 500})["lists"]
        return {row["listId"]: milliseconds(row["updatedAt"]) for row in rows}

    def memberships(self) -> Known:
        return {
            f"{list_id}/{row['recordId']}": milliseconds(row["membershipTimestamp"])
            for list_id in self.lists()
            for row in self.pages(f"/crm/v3/lists/{list_id}/memberships", limit=250)
        }

    def employments(self) -> Known:
        """Contacts by company, as of the company's last change: of each company the first page, a hundred rows."""
        changed = self.records("companies")
        inputs = [{"id": each} for each in changed]
        found = self.post("/crm/v3/associations/company/contact/batch/read", {"inputs": inputs})["results"]
        pairs = [(row["from"]["id"], linked["id"]) for row in found for linked in row["to"]]
        return {f"{company}/{contact}": changed[company] for company, contact in pairs}

    # -- marketing -------------------------------------------------------------------------------------------------

    def offsets(self, path: str, rows: str, **params: Any) -> Iterator[Json]:
        """All rows of a list that is paged in the manner of the first versions of the API."""
        page: Json = {"hasMore": True}
        while page["hasMore"]:
            page = self.get(path, **params, **({"offset": page["offset"]} if "offset" in page else {}))
            yield from page[rows]

    def forms_v2(self) -> Known:
        return {row["guid"]: row["updatedAt"] for row in self.get("/forms/v2/forms")}

    def forms(self) -> Known:
        rows = self.pages("/marketing/v3/forms", limit=100, formTypes="hubspot,captured,flow")
        return {row["id"]: milliseconds(row["updatedAt"]) for row in rows}

    def submissions(self, form_ids: Known) -> Known:
        """Of these forms."""
        return {
            f"{form_id}/{row['conversionId']}": row["submittedAt"]
            for form_id in form_ids
            for row in self.pages(f"/form-integrations/v1/submissions/forms/{form_id}", limit=50)
        }

    def marketing_emails(self) -> Known:
        found = self.get("/marketing-emails/v1/emails/with-statistics", limit=300)
        assert found["total"] == len(found["objects"])
        return {str(row["id"]): row["updated"] for row in found["objects"]}

    def email_campaigns(self) -> Known:
        rows = self.offsets("/email/public/v1/campaigns", "campaigns", limit=500)
        return {str(row["id"]): row["lastUpdatedTime"] for row in rows}

    def email_events(self) -> Known:
        rows = self.offsets("/email/public/v1/events", "events", limit=1_000)
        return {row["id"]: row["created"] for row in rows}

    def workflows(self) -> Known:
        return {str(row["id"]): row["updatedAt"] for row in self.get("/automation/v3/workflows")["workflows"]}

    def email_subscriptions(self) -> Known:
        rows = self.get("/email/public/v1/subscriptions")["subscriptionDefinitions"]
        return {str(row["id"]): 0 for row in rows}

    def subscription_changes(self) -> Known:
        rows = self.offsets("/email/public/v1/subscriptions/timeline", "timeline", limit=1_000)
        return {f"{row['timestamp']}/{row['recipient']}": row["timestamp"] for row in rows}


def milliseconds(moment: str | int) -> int:
    """Since the epoch: of a time as it is written now, or was in the first versions of the API."""
    if isinstance(moment, int):
        return moment
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
