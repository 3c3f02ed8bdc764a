"""The whole surface against the emulator, driven through its control API and its consent page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from hubspot_api import associations, batches, errors, installs, objects, owners, pipelines, properties, search
from hubspot_api.account import account_details
from hubspot_api.associations import AssociatedWith, AssociationType, Pair
from hubspot_api.batches import Change, NewRecord, Upsert
from hubspot_api.errors import HubSpotError
from hubspot_api.oauth import OAuth, TokenGrant
from hubspot_api.ports import AccessToken, Bucket
from hubspot_api.search import Query, eq, gte, has, one_of
from hubspot_api.secret import Secret
from tests.hubspot_api.emulated import HUB, HUB_EU, REDIRECT, SCOPES, USER, Place

# OAuth


def test_from_consent_to_tokens_and_back(place: Place) -> None:
    oauth = place.oauth()
    grant = oauth.exchange(place.code(), REDIRECT)
    assert grant.hub_id == HUB
    assert grant.expires_in == 1800
    assert set(grant.scopes) == {"oauth", *SCOPES}
    assert grant.refresh_token is not None

    info = oauth.introspect(grant.access_token)
    assert info is not None
    assert (info.hub_id, info.user_id, info.app_id, info.client_id) == (HUB, USER, 9001, "client-1")
    assert (info.token_use, info.hublet, info.user_email) == ("access_token", "na1", "ada@example.com")
    refresh_info = oauth.introspect(grant.refresh_token, "refresh_token")
    assert refresh_info is not None
    assert (refresh_info.token_use, refresh_info.expires_in) == ("refresh_token", None)

    renewed = oauth.refresh(grant.refresh_token, HUB)
    assert renewed.refresh_token == grant.refresh_token
    assert renewed.access_token != grant.access_token

    oauth.revoke(grant.refresh_token)
    assert oauth.introspect(grant.refresh_token, "refresh_token") is None
    with pytest.raises(errors.RefreshTokenInvalid):
        oauth.refresh(grant.refresh_token, HUB)
    assert account_details(place.client(renewed.access_token.reveal())).hub_id == HUB
    assert {record.bucket for record in place.log.records} == {Bucket.OAUTH, Bucket.BURST}


def test_a_rotating_refresh_token_is_returned(place: Place) -> None:
    place.app(rotate_refresh_tokens=True)
    oauth = place.oauth()
    first = oauth.exchange(place.code(), REDIRECT).refresh_token
    assert first is not None
    second = oauth.refresh(first).refresh_token
    assert second is not None
    assert second != first
    with pytest.raises(errors.RefreshTokenInvalid):
        oauth.refresh(first)


def test_pkce(place: Place) -> None:
    verifier = "v" * 50
    assert place.oauth().exchange(place.code(code_verifier=verifier), REDIRECT, verifier).hub_id == HUB
    with pytest.raises(errors.CodeVerifierInvalid):
        place.oauth().exchange(place.code(code_verifier=verifier), REDIRECT, "w" * 50)


def test_codes_that_are_used_unknown_or_late(place: Place) -> None:
    code = place.code()
    place.oauth().exchange(code, REDIRECT)
    for spent in (code, Secret("na1-unknown")):
        with pytest.raises(errors.AuthCodeInvalid):
            place.oauth().exchange(spent, REDIRECT)
    late = place.code()
    place.control("clock", advance_s=601)
    with pytest.raises(errors.AuthCodeExpired):
        place.oauth().exchange(late, REDIRECT)
    with pytest.raises(errors.OAuthRefused):
        place.oauth().exchange(place.code(), REDIRECT + "/elsewhere")


def test_our_own_credentials_are_our_own_fault(place: Place) -> None:
    refresh_token = Secret(place.tokens()["refresh_token"])
    for oauth in (place.oauth(secret="wrong"), place.oauth(client_id="unknown")):
        for ask in (oauth.refresh, oauth.introspect, oauth.revoke):
            with pytest.raises(errors.ClientInvalid):
                ask(refresh_token)
        with pytest.raises(errors.ClientInvalid):
            oauth.exchange(Secret("x"), REDIRECT)


def test_an_account_that_is_gone(place: Place) -> None:
    refresh_token = Secret(place.tokens()["refresh_token"])
    assert place.web.delete(f"/_emulator/portals/{HUB}").status_code == 204
    with pytest.raises(errors.HubGone):
        place.oauth().refresh(refresh_token)


@pytest.mark.parametrize(
    ("action", "params", "kind"),
    [
        ("status", {"status": 429}, errors.RateLimited),
        ("status", {"status": 500}, errors.ServerFailed),
        ("html", {"status": 502}, errors.Overloaded),
        ("html", {"status": 200}, errors.AnswerUnreadable),
        ("migrating", {}, errors.Migrating),
        ("status", {"status": 403, "body": {"status": "BAD_HUB"}}, errors.HubGone),
        ("status", {"status": 403, "body": {"message": "no"}}, errors.OAuthRefused),
    ],
)
def test_a_token_endpoint_that_misbehaves(
    place: Place, action: str, params: dict[str, Any], kind: type[HubSpotError]
) -> None:
    refresh_token = Secret(place.tokens()["refresh_token"])
    place.fault(action, "/oauth", **params)
    with pytest.raises(HubSpotError) as caught:
        place.oauth().refresh(refresh_token)
    assert type(caught.value) is kind


# Tokens and data centres


@dataclass
class Refreshed:
    """Tokens as an app keeps them."""

    oauth: OAuth
    grant: TokenGrant
    generation: int = 1

    def current(self) -> AccessToken:
        return AccessToken(self.grant.access_token, self.generation)

    def rejected(self, token: AccessToken) -> AccessToken:
        assert token.generation == self.generation
        assert self.grant.refresh_token is not None
        self.grant = self.oauth.refresh(self.grant.refresh_token, HUB)
        self.generation += 1
        return self.current()


def test_a_token_that_expired_is_renewed_on_the_way(place: Place) -> None:
    tokens = Refreshed(place.oauth(), place.oauth().exchange(place.code(), REDIRECT))
    client = place.client(tokens=tokens)
    place.control("clock", advance_s=1801)
    assert objects.create(client, "contacts", {"email": "new@example.com"}).id
    assert tokens.generation == 2
    assert place.log.records[-1].attempts == 2


def test_401s_are_told_apart(place: Place) -> None:
    with pytest.raises(errors.TokenMissing):
        account_details(place.client("garbage"))
    with pytest.raises(errors.TokenUnreadable):
        account_details(place.client("x" * 60))
    token = place.tokens()["access_token"]
    place.control("clock", advance_s=1801)
    with pytest.raises(errors.TokenExpired):
        account_details(place.client(token))


def test_a_scope_that_is_missing_is_named(place: Place) -> None:
    client = place.client(place.tokens(scopes=["crm.objects.companies.read"])["access_token"])
    with pytest.raises(errors.MissingScopes) as caught:
        objects.list_page(client, "contacts")
    assert "crm.objects.contacts.read" in caught.value.scopes


def test_an_account_elsewhere_is_found_and_remembered(place: Place) -> None:
    told: list[str] = []
    token = place.tokens(HUB_EU)["access_token"]
    client = place.client(token, moved=told.append)
    place.fault("wrong_hublet", "/account-info", hublet="eu1")
    assert account_details(client).hublet == "eu1"
    assert account_details(client).hub_id == HUB_EU
    assert told == ["eu1"]


def test_a_host_of_another_region_points_to_the_right_one(place: Place) -> None:
    client = place.client(place.tokens()["access_token"], origin="eu1")
    assert account_details(client).hublet == "na1"


def test_uninstalling_ends_the_tokens(place: Place) -> None:
    tokens = place.tokens()
    client = place.client(tokens["access_token"])
    installs.uninstall(client)
    with pytest.raises(errors.Unauthorized):
        account_details(client)
    with pytest.raises(errors.RefreshTokenInvalid):
        place.oauth().refresh(Secret(tokens["refresh_token"]))


# Records


def test_records_are_listed_wide_and_narrow(place: Place) -> None:
    client = place.client()
    everyone = list(objects.list_all(client, "contacts"))
    assert len(everyone) == 30
    assert [one.id for one in everyone] == sorted(one.id for one in everyone)
    first = objects.list_page(client, "contacts", limit=7)
    second = objects.list_page(client, "contacts", limit=7, after=first.after)
    assert [one.id for one in first.results + second.results] == [one.id for one in everyone[:14]]

    names = [one.name for one in properties.list_all(client, "contacts")]
    many = names * (5_000 // sum(map(len, names)) + 1)
    wide = objects.list_page(client, "contacts", properties=many)
    assert [one.id for one in wide.results] == [one.id for one in everyone]
    assert "lifecyclestage" in wide.results[0].properties
    assert objects.get(client, "contacts", everyone[0].id, properties=many).properties == wide.results[0].properties


def test_a_record_lives_and_dies(place: Place) -> None:
    client = place.client()
    made = objects.create(client, "contacts", {"email": "ada@new.example", "firstname": "Ada"})
    read = objects.get(client, "contacts", made.id, properties=["email", "no_such_property"])
    assert read.properties["email"] == "ada@new.example"
    assert "no_such_property" not in read.properties
    changed = objects.update(client, "contacts", made.id, {"firstname": "Countess"})
    assert changed.updated_at >= made.updated_at
    assert objects.get(client, "contacts", made.id, properties=["firstname"]).properties["firstname"] == "Countess"
    with pytest.raises(errors.Conflict) as taken:
        objects.create(client, "contacts", {"email": "ada@new.example"})
    assert taken.value.existing_id == made.id

    objects.archive(client, "contacts", made.id)
    with pytest.raises(errors.NotFound):
        objects.get(client, "contacts", made.id)
    gone = objects.get(client, "contacts", made.id, archived=True)
    assert gone.archived
    assert gone.archived_at is not None
    assert made.id in [one.id for one in objects.list_all(client, "contacts", archived=True)]
    read_archived = batches.read(client, "contacts", [made.id], archived=True)
    assert [one.id for one in read_archived.results] == [made.id]


def test_values_that_are_refused_are_named(place: Place) -> None:
    client = place.client()
    with pytest.raises(errors.ValidationFailed) as caught:
        objects.create(client, "contacts", {"email": "no address", "no_such_property": "x"})
    assert {"INVALID_EMAIL", "PROPERTY_DOESNT_EXIST"} <= set(caught.value.codes)
    assert {"email", "no_such_property"} <= set(caught.value.properties)
    with pytest.raises(errors.BadRequest):
        objects.list_page(client, "butterflies")


def test_a_merge_is_seen_from_every_side(place: Place) -> None:
    client = place.client()
    one, other = (objects.create(client, "contacts", {"email": f"m{n}@new.example"}).id for n in (1, 2))
    merged = objects.merge(client, "contacts", one, other)
    assert merged.merged
    for old in (one, other):
        found = objects.get(client, "contacts", old)
        assert (found.id, found.merged) == (merged.id, True)
    assert objects.update(client, "contacts", other, {"firstname": "Both"}).id == merged.id
    read = batches.read(client, "contacts", [one, other, merged.id])
    assert [record.id for record in read.results] == [merged.id]
    assert read.missing_ids == (one, other)


def test_privacy_deletion(place: Place) -> None:
    client = place.client()
    made = objects.create(client, "contacts", {"email": "forget@new.example"}).id
    objects.privacy_delete(client, "contacts", made)
    for archived in (False, True):
        with pytest.raises(errors.NotFound):
            objects.get(client, "contacts", made, archived=archived)


# Batches


def test_batches_of_any_size(place: Place) -> None:
    client = place.client()
    new = [NewRecord({"email": f"b{n}@new.example"}) for n in range(250)]
    made = batches.create(client, "contacts", new)
    assert (len(made.results), made.errors, made.answered) == (250, (), 250)
    assert {one.trace_id for one in made.results} == {str(n) for n in range(250)}

    ids = [one.id for one in made.results]
    changed = batches.update(client, "contacts", [Change(one, {"firstname": "B"}) for one in ids])
    assert (len(changed.results), changed.missing_ids) == (250, ())
    read = batches.read(client, "contacts", [*ids, 999_999_999], properties=["firstname"])
    assert {one.properties["firstname"] for one in read.results} == {"B"}
    assert read.missing_ids == (999_999_999,)
    assert read.errors[0].ids == ("999999999",)

    batches.archive(client, "contacts", ids)
    assert batches.read(client, "contacts", ids).missing_ids == tuple(ids)
    assert len(batches.read(client, "contacts", ids, archived=True).results) == 250


def test_one_bad_input_does_not_spoil_the_others(place: Place) -> None:
    client = place.client()
    objects.create(client, "contacts", {"email": "taken@new.example"})
    emails = ["good@new.example", "no address", "taken@new.example"]
    made = batches.create(client, "contacts", [NewRecord({"email": email}) for email in emails])
    assert [one.trace_id for one in made.results] == ["0"]
    assert sorted(detail.trace_ids for detail in made.errors) == [("1",), ("2",)]

    changes = [Change(made.results[0].id, {"email": "no address"}), Change(999_999_999, {})]
    changed = batches.update(client, "contacts", changes)
    assert changed.results == ()
    assert changed.missing_ids == (made.results[0].id, 999_999_999)
    assert ("0",) in [detail.trace_ids for detail in changed.errors]


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_partial_success_is_one_whatever_the_status(place: Place, version: str) -> None:
    client = place.client(version=version)
    known = objects.list_page(client, "contacts", limit=1).results[0].id
    result = batches.read(client, "contacts", [known, 999_999_999])
    assert [one.id for one in result.results] == [known]
    assert result.missing_ids == (999_999_999,)
    assert result.errors


def test_upserts_and_reads_by_a_unique_property(place: Place) -> None:
    client = place.client()
    objects.create(client, "contacts", {"email": "old@new.example"})
    upserts = [Upsert("old@new.example", {"firstname": "Old"}), Upsert("fresh@new.example", {"firstname": "New"})]
    result = batches.upsert(client, "contacts", "email", upserts)
    assert [(one.new, one.trace_id) for one in result.results] == [(False, "0"), (True, "1")]
    emails = ["old@new.example", "fresh@new.example", "nobody@new.example"]
    read = batches.read_by(client, "contacts", "email", emails, properties=["firstname"])
    assert sorted(one.properties["firstname"] or "" for one in read.results) == ["New", "Old"]
    assert read.errors[0].ids == ("nobody@new.example",)


# Search


def test_search(place: Place) -> None:
    client = place.client()
    objects.create(client, "contacts", {"email": "find@new.example", "firstname": "Findable", "lastname": "One"})
    found = search.page(client, "contacts", Query().where(eq("email", "find@new.example")).select("firstname"))
    assert found.total == 1
    assert found.results[0].properties["firstname"] == "Findable"
    assert search.total(client, "contacts", Query()) == 31
    either = Query().where(one_of("email", "find@new.example")).or_where(gte("hs_object_id", 1), has("email"))
    assert search.page(client, "contacts", either).total == 31
    assert search.total(client, "contacts", Query().containing("Findable")) == 1


def test_every_match_of_a_search(place: Place) -> None:
    client = place.client()
    batches.create(client, "contacts", [NewRecord({"email": f"s{n}@new.example"}) for n in range(500)])
    found = [one.id for one in search.every(client, "contacts", Query().where(has("email")).select("email"))]
    assert found == sorted(set(found))
    assert len(found) == search.total(client, "contacts", Query().where(has("email"))) >= 500


# Associations


def test_associations(place: Place) -> None:
    client = place.client()
    contact, lonely = (objects.create(client, "contacts", {"email": f"a{n}@new.example"}).id for n in (1, 2))
    companies = [objects.create(client, "companies", {"domain": f"c{n}.example"}).id for n in range(3)]
    associations.associate(client, "contacts", contact, "companies", companies[0])
    associations.associate(client, "contacts", contact, "companies", companies[1], [AssociationType(1)])
    found = associations.read(client, "contacts", "companies", [contact, lonely])
    assert {one.to_id for one in found.by_id[contact]} == set(companies[:2])
    by_id = {one.to_id: {kind.type_id for kind in one.types} for one in found.by_id[contact]}
    assert by_id == {companies[0]: {279}, companies[1]: {1, 279}}
    assert found.by_id[lonely] == ()
    assert found.errors == ()

    associations.dissociate(client, "contacts", contact, "companies", companies[0])
    pairs = [Pair(lonely, companies[0]), Pair(lonely, companies[1], (AssociationType(279),))]
    assert associations.associate_many(client, "contacts", "companies", pairs) == ()
    found = associations.read(client, "contacts", "companies", [contact, lonely])
    assert [one.to_id for one in found.by_id[contact]] == [companies[1]]
    assert [one.to_id for one in found.by_id[lonely]] == companies[:2]
    assert associations.dissociate_many(client, "contacts", "companies", pairs) == ()
    assert associations.read(client, "contacts", "companies", [lonely]).by_id == {lonely: ()}

    associated = AssociatedWith(companies[2], (AssociationType(279),))
    made = objects.create(client, "contacts", {"email": "a3@new.example"}, associations=[associated])
    assert [one.to_id for one in associations.read(client, "contacts", "companies", [made.id]).by_id[made.id]] == [
        companies[2]
    ]


def test_a_company_with_many_contacts_is_read_page_by_page(place: Place) -> None:
    client = place.client()
    company = objects.create(client, "companies", {"domain": "big.example"}).id
    made = batches.create(client, "contacts", [NewRecord({"email": f"p{n}@new.example"}) for n in range(1100)])
    ids = sorted(one.id for one in made.results)
    associations.associate_many(client, "companies", "contacts", [Pair(company, one) for one in ids])
    found = associations.read(client, "companies", "contacts", [company])
    assert sorted(one.to_id for one in found.by_id[company]) == ids


# Metadata


def test_properties_pipelines_owners_and_the_account(place: Place) -> None:
    client = place.client()
    contact = {one.name: one for one in properties.list_all(client, "contacts")}
    assert contact["email"].type == "string"
    assert contact["lifecyclestage"].options
    assert contact["hubspot_owner_id"].refers_to == "OWNER"
    (sales, *_) = pipelines.list_all(client, "deals")
    assert sales.id == "default"
    assert [stage.id for stage in sales.stages if stage.closed] == ["closedwon", "closedlost"]
    assert next(iter(owners.list_all(client))).email == "ada@example.com"
    details = account_details(client)
    assert (details.hub_id, details.hublet, details.account_type) == (HUB, "na1", "STANDARD")
    assert details.time_zone == "US/Eastern"


# Limits and faults


def test_the_burst_limit(busy: Place) -> None:
    client = busy.client()
    for _ in range(110):
        objects.list_page(client, "contacts", limit=1)
    with pytest.raises(errors.RateLimited) as caught:
        objects.list_page(client, "contacts", limit=1)
    assert caught.value.policy is errors.RatePolicy.TEN_SECONDLY
    assert caught.value.retry_at is not None
    assert busy.log.records[-1].attempts == 1
    assert search.total(client, "contacts", Query()) == 30  # on an allowance of its own
    assert associations.read(client, "contacts", "companies", [1]).by_id == {1: ()}


def test_the_search_limit(busy: Place) -> None:
    client = busy.client()
    for _ in range(5):
        search.total(client, "contacts", Query())
    with pytest.raises(errors.RateLimited) as caught:
        search.total(client, "contacts", Query())
    assert caught.value.policy is errors.RatePolicy.SECONDLY


@pytest.mark.parametrize(
    ("action", "params", "kind"),
    [
        ("status", {"status": 423}, errors.Locked),
        ("status", {"status": 429, "policy": "SECONDLY"}, errors.RateLimited),
        ("status", {"status": 500}, errors.ServerFailed),
        ("status", {"status": 503, "retry_after": 5}, errors.Overloaded),
        ("html", {"status": 502}, errors.Overloaded),
        ("html", {"status": 530}, errors.EdgeFailed),
        ("html", {"status": 414}, errors.UriTooLong),
        ("html", {"status": 200}, errors.AnswerUnreadable),
        ("migrating", {"retry_after_s": 60}, errors.Migrating),
        ("wrong_hublet", {"hublet": "na1"}, errors.WrongHublet),
    ],
)
def test_each_fault_has_its_exception(
    place: Place, action: str, params: dict[str, Any], kind: type[HubSpotError]
) -> None:
    client = place.client()
    place.fault(action, "/crm", **params)
    with pytest.raises(HubSpotError) as caught:
        objects.list_page(client, "contacts")
    assert type(caught.value) is kind
    assert len(objects.list_page(client, "contacts").results) == 30


def test_the_emulators_own_414(place: Place) -> None:
    with pytest.raises(errors.UriTooLong):
        place.client().request("GET", "/crm/objects/{version}/contacts", params={"properties": ["x" * 20_000]})
