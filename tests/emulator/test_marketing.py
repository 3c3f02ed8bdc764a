"""Forms, e-mails and what became of them, campaigns, visits: what peers read beside records."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from emulator.instants import parse_instant
from emulator.marketing.store import Marketing
from tests.emulator.hub import HUB, Hub, authorize_query

Json = dict[str, Any]
SCOPES = ["oauth", "forms", "content", "marketing.campaigns.read", "crm.objects.contacts.read"]
SEED = {
    "contacts": 40,
    "companies": 5,
    "forms": 23,
    "form_submissions": 130,
    "marketing_emails": 31,
    "marketing_campaigns": 7,
    "email_events": 900,
    "subscription_changes": 120,
    "web_events": 260,
}
LAST_CAMPAIGN = "999999999999"


@pytest.fixture
def hub(bare: Hub) -> Hub:
    bare.control("DELETE", f"portals/{HUB}")
    bare.app(conditional_scopes=SCOPES)
    bare.portal(seed=SEED)
    bare.install(scopes=SCOPES)
    return bare


def marketing(hub: Hub) -> Marketing:
    return hub.emulator.portals[HUB].marketing


def after_pages(hub: Hub, path: str, **params: Any) -> list[Json]:
    """The rows of a v3 list, by its cursor."""
    answer = hub.get(path, **params).json()
    rows = list(answer["results"])
    while "paging" in answer:
        answer = hub.get(path, **params | {"after": answer["paging"]["next"]["after"]}).json()
        rows += answer["results"]
    return rows


def offset_pages(hub: Hub, path: str, field: str, **params: Any) -> list[Json]:
    """The rows of a v1 list, by its offset."""
    answer = hub.get(path, **params).json()
    rows = list(answer[field])
    while answer["hasMore"]:
        answer = hub.get(path, **params | {"offset": answer["offset"]}).json()
        rows += answer[field]
    return rows


# -- forms -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/marketing/v3/forms", "/marketing/v3/forms/", "/marketing/forms/2026-09-beta"])
def test_forms_page_by_page(hub: Hub, path: str) -> None:
    forms = list(marketing(hub).forms.values())
    rows = after_pages(hub, path, limit=4)
    assert [row["id"] for row in rows] == [form.id for form in forms if form.type == "hubspot"]
    everything = after_pages(hub, path, limit=7, formTypes=["hubspot", "captured", "flow"])
    assert [row["id"] for row in everything] == [form.id for form in forms]
    assert everything[0]["fieldGroups"][0]["fields"][0]["name"] == "email"
    assert hub.get(path, archived="True").json() == {"results": []}
    assert hub.get(f"{path}/{forms[0].id}".replace("//", "/")).json()["name"] == forms[0].name


def test_forms_v2_are_a_bare_array(hub: Hub) -> None:
    forms = [form for form in marketing(hub).forms.values() if form.type == "hubspot"]
    rows = hub.get("/forms/v2/forms").json()
    assert [row["guid"] for row in rows] == [form.id for form in forms]
    assert [row["updatedAt"] for row in rows] == [form.updated_at for form in forms]
    assert {row["portalId"] for row in rows} == {HUB}
    assert [row["guid"] for row in hub.get("/forms/v2/forms", limit=2, offset=1).json()] == [f.id for f in forms[1:3]]
    assert len(hub.get("/forms/v2/forms?formTypes=ALL").json()) == len(marketing(hub).forms)
    assert hub.get(f"/forms/v2/forms/{forms[0].id}").json() == rows[0]
    assert hub.get("/forms/v2/forms/none").status_code == 404


def test_submissions_of_a_form(hub: Hub) -> None:
    total = 0
    for form_id in marketing(hub).forms:
        path = f"/form-integrations/v1/submissions/forms/{form_id}"
        rows = after_pages(hub, path, limit=3)
        kept = list(marketing(hub).submissions(form_id))
        assert [row["conversionId"] for row in rows] == [each.id for each in reversed(kept)]
        total += len(rows)
    assert total == 130
    first = hub.get(path, limit=1).json()
    assert first["paging"]["next"]["link"] == f"?after={first['paging']['next']['after']}"
    emails = {record.values["email"] for record in hub.emulator.portals[HUB].crm.tables["0-1"].records.values()}
    values = {value["name"]: value["value"] for value in first["results"][0]["values"]}
    assert values["email"] in emails
    assert hub.get(path, limit=51).status_code == 400
    assert hub.get(path, after="!").status_code == 400
    assert hub.get("/form-integrations/v1/submissions/forms/none").status_code == 404


def test_properties_of_forms(hub: Hub) -> None:
    names = [each["name"] for each in hub.get("/properties/v2/form/properties").json()]
    assert "hs_form_id" in names


# -- e-mails, v1 -------------------------------------------------------------------------------------------------------


def test_email_campaigns(hub: Hub) -> None:
    sent = marketing(hub).sent_emails()
    assert 1 < len(sent) < 31
    by_id = offset_pages(hub, "/email/public/v1/campaigns/by-id", "campaigns", limit=6)
    assert [row["id"] for row in by_id] == [email.email_campaign_id for email in sent]
    recent = offset_pages(hub, "/email/public/v1/campaigns", "campaigns", limit=6)
    assert {row["id"] for row in recent} == {row["id"] for row in by_id}
    times = [row["lastUpdatedTime"] for row in recent]
    assert times == sorted(times, reverse=True)
    counted = Counter((event.email_campaign_id, event.type) for event in marketing(hub).email_events)
    for email in sent:
        shown = hub.get(f"/email/public/v1/campaigns/{email.email_campaign_id}").json()
        assert (shown["contentId"], shown["subject"]) == (email.id, email.subject)
        assert shown["counters"] == {
            kind.lower(): count for (number, kind), count in counted.items() if number == email.email_campaign_id
        }
    assert hub.get(f"/email/public/v1/campaigns/{LAST_CAMPAIGN}").status_code == 404


def test_email_events_in_windows_of_time(hub: Hub) -> None:
    path = "/email/public/v1/events"
    kept = list(marketing(hub).email_events)
    assert len(kept) == 900
    rows = offset_pages(hub, path, "events", limit=70)
    assert [row["id"] for row in rows] == [event.id for event in reversed(kept)]
    assert len(hub.get(path).json()["events"]) == 10
    middle = kept[450].at
    late = offset_pages(hub, path, "events", limit=1_000, startTimestamp=middle)
    early = offset_pages(hub, path, "events", limit=1_000, endTimestamp=middle - 1)
    assert [row["id"] for row in late + early] == [row["id"] for row in rows]
    assert min(row["created"] for row in late) == middle


def test_email_events_by_what_they_are(hub: Hub) -> None:
    path = "/email/public/v1/events"
    kept = list(marketing(hub).email_events)
    opened = offset_pages(hub, path, "events", limit=100, eventType="OPEN")
    assert {row["id"] for row in opened} == {event.id for event in kept if event.type == "OPEN"}
    assert all(row["sentBy"]["created"] <= row["created"] and row["browser"]["name"] for row in opened)
    recipient = kept[0].recipient
    theirs = offset_pages(hub, path, "events", limit=100, recipient=recipient.upper())
    assert {row["id"] for row in theirs} == {event.id for event in kept if event.recipient == recipient}
    number = kept[0].email_campaign_id
    of_one = offset_pages(hub, path, "events", limit=100, campaignId=number)
    assert len(of_one) == sum(event.email_campaign_id == number for event in kept)
    assert hub.get(path, appId=5).json() == {"events": [], "hasMore": False, "offset": ""}


def test_a_recipients_story_is_told_in_order(hub: Hub) -> None:
    rows = offset_pages(hub, "/email/public/v1/events", "events", limit=1_000)
    sent = {row["id"]: row for row in rows if row["type"] == "SENT"}
    delivered = [row for row in rows if row["type"] == "DELIVERED"]
    assert delivered
    for row in delivered:
        origin = sent[row["sentBy"]["id"]]
        assert (origin["recipient"], origin["emailCampaignId"]) == (row["recipient"], row["emailCampaignId"])
        assert origin["created"] == row["sentBy"]["created"]


def test_kinds_of_subscriptions_and_their_timeline(hub: Hub) -> None:
    definitions = hub.get("/email/public/v1/subscriptions").json()["subscriptionDefinitions"]
    ids = {each["id"] for each in definitions}
    assert len(ids) == 3
    path = "/email/public/v1/subscriptions/timeline"
    rows = offset_pages(hub, path, "timeline", limit=50)
    kept = list(marketing(hub).subscription_changes)
    assert [row["timestamp"] for row in rows] == [change.at for change in reversed(kept)]
    assert {change["subscriptionId"] for row in rows for change in row["changes"]} <= ids
    window = {"startTimestamp": kept[10].at, "endTimestamp": kept[20].at}
    assert len(offset_pages(hub, path, "timeline", limit=3, **window)) == 11
    theirs = offset_pages(hub, path, "timeline", recipient=kept[0].recipient)
    assert {row["recipient"] for row in theirs} == {kept[0].recipient}
    assert hub.get(path, changeType="PORTAL_BOUNCE").json()["timeline"] == []


def test_marketing_emails_v1_with_their_statistics(hub: Hub) -> None:
    path = "/marketing-emails/v1/emails/with-statistics"
    pages = [hub.get(path, limit=20, offset=offset).json() for offset in (0, 20, 40)]
    assert [len(page["objects"]) for page in pages] == [20, 11, 0]
    rows = [row for page in pages for row in page["objects"]]
    assert {row["id"] for row in rows} == marketing(hub).emails.keys()
    events = Counter(event.type for event in marketing(hub).email_events)
    assert sum(row["stats"]["counters"]["open"] for row in rows) == events["OPEN"]


# -- e-mails, v3 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/marketing/v3/emails", "/marketing/emails/2026-03"])
def test_marketing_emails(hub: Hub, path: str) -> None:
    rows = after_pages(hub, path, limit=9, includeStats="TRUE")
    emails = marketing(hub).emails
    assert [int(row["id"]) for row in rows] == [
        email.id for email in sorted(emails.values(), key=lambda e: e.created_at)
    ]
    for row in rows:
        email = emails[int(row["id"])]
        assert row["isPublished"] == (email.published_at is not None)
        assert row["stats"]["counters"]["sent"] == marketing(hub).counts(email.email_campaign_id)["SENT"]
    one = hub.get(f"{path}/{rows[0]['id']}").json()
    assert one == {name: value for name, value in rows[0].items() if name != "stats"}
    assert hub.get(f"{path}/{rows[0]['id']}/statistics").json() == rows[0]["stats"]
    assert hub.get(f"{path}/7").status_code == 404
    assert hub.get(f"{path}/seven").status_code == 404


def test_marketing_emails_by_time_and_state(hub: Hub) -> None:
    path = "/marketing/v3/emails"
    emails = sorted(marketing(hub).emails.values(), key=lambda email: email.created_at)
    middle = emails[15].created_at
    after = hub.get(path, createdAfter=middle, limit=100).json()
    assert (after["total"], len(after["results"])) == (15, 15)
    assert hub.get(path, createdBefore=middle).json()["total"] == 15
    assert hub.get(path, createdAt=middle).json()["total"] == 1
    drafts = sum(email.published_at is None for email in emails)
    assert hub.get(path, isPublished="False").json()["total"] == drafts
    assert hub.get(path, publishedAfter="2001-01-01T00:00:00Z").json()["total"] == len(emails) - drafts
    assert hub.get(path, createdAfter="yesterday").status_code == 400


def test_statistics_of_a_span_and_its_parts(hub: Hub) -> None:
    base = "/marketing/v3/emails/statistics"
    end = hub.time.ms
    start = end - 400 * 86_400_000
    counted = Counter(event.type for event in marketing(hub).email_events if event.at >= start)
    assert counted["SENT"] > 10
    span = {"startTimestamp": start, "endTimestamp": end}
    whole = hub.get(f"{base}/list", **span).json()
    assert whole["aggregate"]["counters"]["sent"] == counted["SENT"]
    assert whole["aggregate"]["counters"]["click"] == counted["CLICK"]
    parts = hub.get(f"{base}/histogram", interval="MONTH", **span).json()
    assert parts["total"] == len(parts["results"]) == 14
    assert sum(part["aggregations"]["counters"]["sent"] for part in parts["results"]) == counted["SENT"]
    one = hub.get(f"{base}/list", emailIds=whole["emails"][0], **span).json()
    assert one["emails"] == whole["emails"][:1]
    assert hub.get(f"{base}/histogram", interval="CENTURY").status_code == 400
    assert hub.get(f"{base}/histogram", interval="SECOND", **span).status_code == 400
    assert hub.get(f"{base}/list", startTimestamp=end, endTimestamp=start).status_code == 400


# -- campaigns, visits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/marketing/v3/campaigns", "/marketing/campaigns/2026-09"])
def test_marketing_campaigns(hub: Hub, path: str) -> None:
    rows = after_pages(hub, path, limit=3, properties="hs_name,hs_utm")
    assert [row["id"] for row in rows] == list(marketing(hub).campaigns)
    assert rows[0]["properties"].keys() == {"hs_name", "hs_utm"}
    assert hub.get(f"{path}/{rows[0]['id']}").json()["properties"] == {}
    name = rows[0]["properties"]["hs_name"]
    assert [row["id"] for row in hub.get(path, name=name).json()["results"]] == [rows[0]["id"]]
    assert hub.get(f"{path}/none").status_code == 404


@pytest.mark.parametrize("path", ["/events/v3/events", "/events/event-occurrences/2026-03"])
def test_visits_of_contacts(hub: Hub, path: str) -> None:
    everything = after_pages(hub, path, limit=90)
    kept = list(marketing(hub).visits(None))
    assert [row["id"] for row in everything] == [event.id for event in reversed(kept)]
    contact = str(kept[0].contact_id)
    theirs = after_pages(hub, path, limit=2, objectType="contact", objectId=contact, sort="occurredAt")
    assert [row["id"] for row in theirs] == [event.id for event in kept if str(event.contact_id) == contact]
    window = {"occurredAfter": theirs[0]["occurredAt"], "occurredBefore": theirs[-1]["occurredAt"]}
    assert after_pages(hub, path, objectType="0-1", objectId=contact, sort="occurredAt", **window) == theirs
    assert hub.get(path, id=[theirs[0]["id"]]).json()["results"] == theirs[:1]
    assert hub.get(path, objectType="company", objectId="101").json() == {"results": []}
    assert hub.get(path, eventType="e_nothing").json() == {"results": []}
    assert hub.get(f"{path}/event-types").json() == {"eventTypes": ["e_visited_page"]}


@pytest.mark.parametrize("query", ["objectId=5", "sort=id", "occurredAfter=x", "objectType=gadget", "after=%20"])
def test_visits_that_are_asked_for_wrongly(hub: Hub, query: str) -> None:
    assert hub.get(f"/events/v3/events?{query}").status_code == 400


def test_the_link_to_the_next_page_is_complete(hub: Hub) -> None:
    first = hub.get("/events/v3/events?limit=5&objectType=contact").json()
    second = hub.call("GET", first["paging"]["next"]["link"]).json()
    assert len(second["results"]) == 5
    assert first["results"][-1]["id"] not in {row["id"] for row in second["results"]}


# -- the whole ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/marketing/v3/forms", "forms"),
        ("/forms/v2/forms", "forms"),
        ("/form-integrations/v1/submissions/forms/x", "forms"),
        ("/properties/v2/form/properties", "forms"),
        ("/email/public/v1/campaigns", "content"),
        ("/email/public/v1/events", "content"),
        ("/email/public/v1/subscriptions", "content"),
        ("/marketing-emails/v1/emails/with-statistics", "content"),
        ("/marketing/v3/emails", "marketing.email.read"),
        ("/marketing/v3/campaigns", "marketing.campaigns.read"),
    ],
)
def test_scopes(bare: Hub, path: str, scope: str) -> None:
    bare.install(scopes=["oauth"])
    refused = bare.get(path)
    assert refused.status_code == 403
    assert scope in refused.json()["errors"][0]["context"]["requiredGranularScopes"]


def test_the_same_seed_makes_the_same(hub: Hub, bare: Hub) -> None:
    before = [row["id"] for row in after_pages(hub, "/marketing/v3/forms", limit=100)]
    bare.control("DELETE", f"portals/{HUB}")
    bare.portal(seed=SEED)
    bare.install(scopes=SCOPES)
    assert [row["id"] for row in after_pages(bare, "/marketing/v3/forms", limit=100)] == before


def test_a_snapshot_keeps_all_of_it(hub: Hub) -> None:
    paths = [
        "/forms/v2/forms?formTypes=all",
        "/marketing/v3/emails?includeStats=true&limit=100",
        "/marketing/v3/campaigns?properties=hs_name",
        "/email/public/v1/events?limit=1000",
        "/email/public/v1/campaigns?limit=1000",
        "/email/public/v1/subscriptions/timeline?limit=1000",
        "/events/v3/events?limit=1000",
        f"/form-integrations/v1/submissions/forms/{next(iter(marketing(hub).forms))}",
    ]
    before = [hub.get(path).json() for path in paths]
    hub.control("PUT", "snapshot", hub.control("GET", "snapshot"))
    assert [hub.get(path).json() for path in paths] == before


def test_a_snapshot_from_before_loads(hub: Hub) -> None:
    saved = hub.control("GET", "snapshot")
    for portal in saved["portals"]:
        del portal["marketing"]
    hub.control("PUT", "snapshot", saved)
    assert hub.get("/forms/v2/forms").json() == []
    assert len(hub.get("/email/public/v1/subscriptions").json()["subscriptionDefinitions"]) == 3


def test_more_happens_meanwhile(hub: Hub) -> None:
    hub.advance(60)
    start = hub.time.ms + hub.emulator.clock.offset_ms - 5_000
    more = {"email_events": 20, "form_submissions": 4, "within_s": 5}
    assert hub.control("POST", f"portals/{HUB}/marketing", more)["added"]["email_events"] == 20
    fresh = offset_pages(hub, "/email/public/v1/events", "events", limit=100, startTimestamp=start)
    assert len(fresh) == 20
    hub.control("POST", f"portals/{HUB}/marketing", more)
    again = offset_pages(hub, "/email/public/v1/events", "events", limit=100, startTimestamp=start)
    assert len({row["id"] for row in again}) == 40
    submissions = [each for form in marketing(hub).forms for each in marketing(hub).submissions(form)]
    assert sum(each.at >= start for each in submissions) == 8


@pytest.mark.parametrize("body", [{"letters": 1}, {"forms": -1}, {"forms": "1"}, {"within_s": -1}])
def test_more_that_is_refused(hub: Hub, body: Json) -> None:
    answer = hub.http.post(f"/_emulator/portals/{HUB}/marketing", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_an_account_without_any_of_it(bare: Hub) -> None:
    bare.portal(7, seed={"email_events": 5, "form_submissions": 5, "web_events": 5})
    token = bare.control("POST", "portals/7/tokens", {"private_app": True, "scopes": SCOPES})
    bare.token = token["access_token"]
    assert bare.get("/forms/v2/forms").json() == []
    assert bare.get("/email/public/v1/events").json() == {"events": [], "hasMore": False, "offset": ""}
    assert bare.get("/events/v3/events").json() == {"results": []}
    assert bare.get("/marketing/v3/emails").json() == {"total": 0, "results": []}


def test_times_are_in_the_past(hub: Hub) -> None:
    now = hub.time.ms
    assert all(event.at <= now for event in marketing(hub).email_events)
    assert all(form.created_at <= form.updated_at <= now for form in marketing(hub).forms.values())
    rows = hub.get("/marketing/v3/forms").json()["results"]
    assert all(parse_instant(row["updatedAt"]) <= now for row in rows)


def test_the_consent_page_says_what_these_scopes_are_for(bare: Hub) -> None:
    bare.app(conditional_scopes=["forms", "content", "sales-email-read"])
    query = authorize_query(scope="oauth forms content sales-email-read")
    page = bare.http.get(f"/oauth/{HUB}/authorize", params=query).text
    for words in ("See forms and what was sent with them", "See marketing e-mails", "Read e-mails that are logged"):
        assert words in page
