"""All that the client offers has been answered by the emulator: the examples of docs/client.md, and here the rest.

A new function that neither calls makes the test fail by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from hubspot_api import (
    account,
    app_webhooks,
    association_labels,
    association_limits,
    associations,
    automation,
    batches,
    files,
    installs,
    journal,
    journal_snapshots,
    journal_subscriptions,
    list_conversions,
    list_folders,
    list_memberships,
    lists,
    marketing_emails,
    objects,
    owners,
    pipeline_stages,
    pipelines,
    private_apps,
    properties,
    property_groups,
    schemas,
    teams,
    users,
)
from hubspot_api.app_tokens import AppTokens
from hubspot_api.associations import Pair
from hubspot_api.automation import Completion
from hubspot_api.client import Client
from hubspot_api.journal_snapshots import SnapshotRequest
from hubspot_api.journal_subscriptions import Condition
from hubspot_api.list_conversions import Inactivity
from hubspot_api.pipeline_stages import deal_stage
from hubspot_api.pipelines import NewPipeline
from hubspot_api.properties import NewProperty
from hubspot_api.schemas import NewSchema
from hubspot_api.secret import Secret
from hubspot_api.teams import TeamMember
from hubspot_api.users import UserDetails
from tests.hubspot_api import test_automation, test_docs
from tests.hubspot_api.emulated import HUB, REDIRECT, SCOPES, Place
from tests.hubspot_api.surface import answered, surface
from tests.hubspot_api.test_automation import Actions
from tests.hubspot_api.test_lists import named

APP = 9001
BEGIN, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
Tour = Callable[[Place], None]

actions, place = test_docs.actions, test_docs.place


def client_of(place: Place) -> Client:
    return test_docs.clients(place)["client"]


def ids(client: Client, object_type: str, count: int = 3) -> list[int]:
    return [one.id for one in objects.list_page(client, object_type, limit=count).results]


def of_oauth(place: Place) -> None:
    oauth = place.oauth()
    grant = oauth.exchange(place.code(), REDIRECT)
    assert grant.refresh_token is not None
    oauth.refresh(grant.refresh_token)
    oauth.introspect(grant.access_token)
    oauth.revoke(grant.refresh_token)
    tokens = AppTokens(oauth, journal.SCOPES)
    tokens.rejected(tokens.current())
    account.private_app_usage(client_of(place))
    own = Secret(place.control(f"portals/{HUB}/tokens", private_app=True, scopes=SCOPES)["access_token"])
    private_apps.token_info(place.client(own.reveal()), own)


def of_records(place: Place) -> None:
    client = client_of(place)
    first, second, third = ids(client, "contacts")
    email = objects.get(client, "contacts", third, properties=["email"]).properties["email"]
    batches.read_by(client, "contacts", "email", [email or ""])
    objects.merge(client, "contacts", first, second)
    objects.privacy_delete(client, "contacts", third)
    list(owners.list_all(client))


def of_associations(place: Place) -> None:
    client = client_of(place)
    pair = [Pair(ids(client, "contacts")[0], ids(client, "companies")[0])]
    associations.associate_many(client, "contacts", "companies", pair)
    associations.dissociate_many(client, "contacts", "companies", pair)
    (label, *_) = association_labels.create(client, "contacts", "companies", "friend", "Friend")
    association_labels.rename(client, "contacts", "companies", label.type_id, "Best friend")
    association_labels.list_all(client, "contacts", "companies")
    association_limits.create(client, "contacts", "companies", {label: 3})
    association_limits.update(client, "contacts", "companies", {label: 4})
    association_limits.list_all(client)
    association_limits.between(client, "contacts", "companies")
    association_limits.record_use(client, "contacts", "companies")
    association_limits.remove(client, "contacts", "companies", [label])


def of_properties(place: Place) -> None:
    client = client_of(place)
    property_groups.create(client, "contacts", "shoes", "Shoes")
    property_groups.update(client, "contacts", "shoes", label="Boots")
    property_groups.get(client, "contacts", "shoes")
    property_groups.list_all(client, "contacts")
    properties.create(client, "contacts", NewProperty("size", "Size", "string", "text", "shoes"))
    properties.get(client, "contacts", "size")
    properties.list_all(client, "contacts")
    properties.read_many(client, "contacts", ["size", "email"])
    properties.archive(client, "contacts", "size")


def of_schemas(place: Place) -> None:
    client = client_of(place)
    name = NewProperty("car_name", "Name", "string", "text")
    car = schemas.create(client, NewSchema("car", "Car", "Cars", (name,), primary="car_name", required=("car_name",)))
    joined = schemas.add_association(client, car.type_id, car.type_id, "0-2", "car_to_company")
    schemas.get(client, car.type_id)
    schemas.list_all(client)
    schemas.remove_association(client, car.type_id, joined.id)
    schemas.archive(client, car.type_id)


def of_pipelines(place: Place) -> None:
    client = client_of(place)
    stages = (deal_stage("Due", 0.5), deal_stage("Kept", 1))
    made = pipelines.create(client, "deals", NewPipeline("Rents", stages))
    pipelines.list_all(client, "deals")
    pipelines.get(client, "deals", made.id)
    pipelines.update(client, "deals", made.id, label="Leases")
    pipeline_stages.audits(client, "deals", made.id, made.stages[0].id)
    pipeline_stages.archive(client, "deals", made.id, made.stages[0].id)
    pipelines.replace(client, "deals", made.id, NewPipeline("Leases", stages))


def of_lists(place: Place) -> None:
    client = client_of(place)
    some, more = (lists.create(client, "0-1", name) for name in ("Some", "More"))
    lists.get(client, some.id)
    lists.get_by_name(client, "0-1", "Some")
    lists.rename(client, some.id, "Few")
    contacts = ids(client, "contacts")
    list_memberships.add(client, some.id, contacts)
    list_memberships.of_record(client, "0-1", contacts[0])
    list_memberships.remove(client, some.id, contacts[:1])
    list_memberships.add_from(client, more.id, some.id)
    list_memberships.clear(client, more.id)
    dynamic = lists.create(client, "0-1", "Adas", processing="DYNAMIC", filters=named("Ada"))
    lists.refilter(client, dynamic.id, named("Bob"))
    list_conversions.schedule(client, dynamic.id, Inactivity(1))
    list_conversions.cancel(client, dynamic.id)
    list_conversions.history(client, dynamic.id, BEGIN, END)
    outer, inner = (list_folders.create(client, name) for name in ("Outer", "Inner"))
    list_folders.move(client, inner.id, outer.id)
    list_folders.rename(client, inner.id, "Core")
    list_folders.delete(client, inner.id)


def of_people(place: Place) -> None:
    client = client_of(place)
    bob = users.create(client, "bob@example.com")
    users.get(client, bob.id)
    users.get_by_email(client, "bob@example.com")
    users.update(client, bob.id, UserDetails(first_name="Bob"))
    list(users.list_all(client))
    one, other = (teams.create(client, name) for name in ("One", "Other"))
    teams.add_members(client, one.id, [TeamMember(bob.id, primary=True)])
    list(teams.members(client, one.id))
    teams.remove_member(client, one.id, TeamMember(bob.id, primary=True))
    teams.rename(client, one.id, "First")
    teams.move(client, other.id, one.id)
    teams.get(client, one.id)
    list(teams.tree(client))
    teams.delete(client, other.id)


def of_files_and_emails(place: Place) -> None:
    client = client_of(place)
    files.privacy_delete(client, files.upload(client, "a.txt", b"a", folder_path="/a").id)
    email = next(marketing_emails.list_all(client))
    marketing_emails.get(client, email.id)


def of_the_journal(place: Place) -> None:
    app, contact = test_docs.clients(place)["app"], ids(client_of(place), "contacts")[0]
    objects_of = journal_subscriptions.to_objects(app, HUB, "0-1")
    journal_subscriptions.to_associations(app, HUB, "0-1")
    journal_subscriptions.to_lists(app, HUB)
    journal_subscriptions.to_privacy_deletions(app, HUB, "0-1")
    condition = journal_subscriptions.add_filter(app, objects_of.id, [Condition("email", "IS_NOT_EMPTY")])
    journal_subscriptions.filters(app, objects_of.id)
    journal_subscriptions.get_filter(app, condition)
    journal_subscriptions.delete_filter(app, condition)
    journal_subscriptions.get(app, objects_of.id)
    journal_subscriptions.list_all(app)
    (snapshot,) = journal_snapshots.take(app, [SnapshotRequest(HUB, "0-1", contact, ("email",))])
    place.control("clock", advance_s=5)
    journal_snapshots.status(app, snapshot.id)
    first = journal.earliest_many(app).results[0].offset
    journal.latest(app)
    journal.latest_many(app)
    journal.following_many(app, first)
    journal.find(app, [first])
    journal_subscriptions.delete(app, objects_of.id)
    journal_subscriptions.delete_of_account(app, HUB)


def of_the_apps_webhooks(place: Place) -> None:
    developer = test_docs.clients(place)["developer"]
    app_webhooks.set_settings(developer, APP, "https://app.example.com/webhooks/hubspot")
    app_webhooks.get_settings(developer, APP)
    made = app_webhooks.subscribe(developer, APP, "contact.creation")
    app_webhooks.get(developer, APP, made.id)
    app_webhooks.list_all(developer, APP)
    app_webhooks.delete_settings(developer, APP)


REST: list[Tour] = [
    *(of_oauth, of_records, of_associations, of_properties, of_schemas, of_pipelines, of_lists, of_people),
    *(of_files_and_emails, of_the_journal, of_the_apps_webhooks),
]


def of_workflows(place: Place, actions: Actions, workflow_id: int) -> None:
    client = client_of(place)
    leaving, waiting = test_automation.contacts(client, 4)[2:]
    automation.enroll(client, workflow_id, leaving[1])
    automation.unenroll(client, workflow_id, leaving[1])
    automation.enroll(client, workflow_id, waiting[1])
    place.emulator.deliver()
    automation.complete_many(client, [Completion(actions.callbacks()[-1])])


def test_all_that_the_client_offers_is_answered_by_the_emulator(
    place: Place, actions: Actions, capsys: pytest.CaptureFixture[str]
) -> None:
    with answered(lambda: place.transport.successes) as found:
        names = test_docs.run_examples(place, actions)
        of_workflows(place, actions, names["workflow_id"])
        for tour in REST:
            tour(place)
        installs.uninstall(client_of(place))
    assert set(surface().values()) - found == set()


def test_the_surface_is_found_in_the_modules() -> None:
    names = set(surface().values())
    assert {"Client.request", "OAuth.refresh", "objects.get", "presigned.fetch_json", "search.every"} <= names
    assert len(names) > 170


def test_what_fails_or_sends_nothing_is_not_answered(place: Place) -> None:
    with answered(lambda: place.transport.successes) as found:
        place.oauth().revoke(Secret(place.tokens()["refresh_token"]))
        list(batches.read(client_of(place), "contacts", []).results)
        with pytest.raises(LookupError):
            _ = ids(client_of(place), "contacts", 1)[1]
    assert found == {"OAuth.revoke", "objects.list_page", "Client.request"}
