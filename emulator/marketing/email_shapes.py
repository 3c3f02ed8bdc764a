"""Marketing e-mails and their events as the three generations of the API show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from emulator.instants import iso
from emulator.marketing.store import Marketing
from emulator.marketing.things import EmailEvent, MarketingEmail, Subscription, SubscriptionChange

Json = dict[str, Any]

# The application within HubSpot that sends marketing e-mails.
APP_ID, APP_NAME = 113, "Batch"

# What v3 counts, made of the events that were counted.
_COUNTERS = {
    "sent": "SENT",
    "delivered": "DELIVERED",
    "open": "OPEN",
    "click": "CLICK",
    "bounce": "BOUNCE",
    "hardbounced": "BOUNCE",
    "unsubscribed": "STATUSCHANGE",
    "dropped": "DROPPED",
    "spamreport": "SPAMREPORT",
    "reply": "REPLY",
}
_NEVER = ("softbounced", "suppressed", "pending", "notsent")


def counters(counted: Mapping[str, int]) -> dict[str, int]:
    found = {name: counted.get(kind, 0) for name, kind in _COUNTERS.items()}
    found |= dict.fromkeys(_NEVER, 0)
    found["selected"] = found["sent"] + found["dropped"]
    found["contactslost"] = found["unsubscribed"] + found["hardbounced"]
    return dict(sorted(found.items()))


def statistics(counted: Mapping[str, int]) -> Json:
    found = counters(counted)
    sent, delivered = found["sent"], found["delivered"]
    ratios = {
        "deliveredratio": _percent(delivered, sent),
        "openratio": _percent(found["open"], delivered),
        "clickratio": _percent(found["click"], delivered),
        "clickthroughratio": _percent(found["click"], found["open"]),
        "replyratio": _percent(found["reply"], delivered),
        "bounceratio": _percent(found["bounce"], sent),
        "hardbounceratio": _percent(found["hardbounced"], sent),
        "softbounceratio": 0.0,
        "unsubscribedratio": _percent(found["unsubscribed"], delivered),
        "spamreportratio": _percent(found["spamreport"], delivered),
        "contactslostratio": _percent(found["contactslost"], delivered),
        "pendingratio": 0.0,
        "notsentratio": 0.0,
    }
    devices = {
        f"{kind}_device_type": {"computer": 0, "mobile": 0, "unknown": found[kind]} for kind in ("open", "click")
    }
    return {"counters": found, "deviceBreakdown": devices, "qualifierStats": {}, "ratios": ratios}


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 3) if whole else 0.0


def email_v3(email: MarketingEmail, marketing: Marketing, *, stats: bool) -> Json:
    sent = email.published_at is not None
    shown: Json = {
        "id": str(email.id),
        "name": email.name,
        "subject": email.subject,
        "state": "PUBLISHED" if sent else "DRAFT",
        "type": "BATCH_EMAIL",
        "subcategory": "batch",
        "emailTemplateMode": "DRAG_AND_DROP",
        "language": "en",
        "archived": False,
        "isAb": False,
        "isPublished": sent,
        "isTransactional": False,
        "sendOnPublish": True,
        "createdAt": iso(email.created_at),
        "updatedAt": iso(email.updated_at),
        "createdById": str(email.author_id),
        "updatedById": str(email.author_id),
        "campaign": email.campaign_id,
        "campaignName": _campaign_name(email, marketing),
        "from": {"fromName": email.author, "replyTo": email.author_email},
        "to": {"contactIds": {"include": [], "exclude": []}, "suppressGraymail": True},
        "subscriptionDetails": {"subscriptionId": str(email.subscription_id), "preferencesGroupId": None},
        "content": {"plainTextVersion": email.subject},
        "webversion": {"enabled": True, "domain": "", "slug": f"{email.id}"},
    }
    if sent:
        shown |= {
            "publishDate": iso(email.published_at or 0),
            "publishedAt": iso(email.published_at or 0),
            "publishedById": str(email.author_id),
            "publishedByName": email.author,
            "publishedByEmail": email.author_email,
            "primaryEmailCampaignId": str(email.email_campaign_id),
            "allEmailCampaignIds": [str(email.email_campaign_id)],
        }
    if stats:
        shown["stats"] = statistics(marketing.counts(email.email_campaign_id))
    return shown


def _campaign_name(email: MarketingEmail, marketing: Marketing) -> str | None:
    campaign = marketing.campaigns.get(email.campaign_id or "")
    return campaign.properties["hs_name"] if campaign else None


def email_v1(email: MarketingEmail, marketing: Marketing, hub_id: int) -> Json:
    """Of /marketing-emails/v1, always with its statistics."""
    sent = email.published_at is not None
    subscription = marketing.subscriptions[email.subscription_id]
    campaigns = [email.email_campaign_id] if sent else []
    return {
        "id": email.id,
        "portalId": hub_id,
        "name": email.name,
        "subject": email.subject,
        "state": "PUBLISHED" if sent else "DRAFT",
        "currentState": "PUBLISHED" if sent else "DRAFT",
        "emailType": "BATCH_EMAIL",
        "subcategory": "batch",
        "ab": False,
        "archived": False,
        "isPublished": sent,
        "currentlyPublished": sent,
        "transactional": False,
        "created": email.created_at,
        "updated": email.updated_at,
        "publishDate": email.published_at,
        "publishedAt": email.published_at,
        "author": email.author_email,
        "authorName": email.author,
        "authorUserId": email.author_id,
        "createdById": email.author_id,
        "updatedById": email.author_id,
        "fromName": email.author,
        "replyTo": email.author_email,
        "campaign": email.campaign_id,
        "campaignName": _campaign_name(email, marketing),
        "primaryEmailCampaignId": email.email_campaign_id if sent else None,
        "allEmailCampaignIds": campaigns,
        "subscription": subscription.id,
        "subscriptionName": subscription.name,
        "language": "en",
        "slug": str(email.id),
        "stats": {**statistics(marketing.counts(email.email_campaign_id)), "failedToLoad": False},
    }


# -- e-mail campaigns and events, v1 -----------------------------------------------------------------------------------


def email_campaign(email: MarketingEmail) -> Json:
    return {"id": email.email_campaign_id, "appId": APP_ID, "appName": APP_NAME}


def email_campaign_in_full(email: MarketingEmail, marketing: Marketing) -> Json:
    counted: Counter[str] = marketing.counts(email.email_campaign_id)
    done = email.published_at or email.updated_at
    return {
        **email_campaign(email),
        "contentId": email.id,
        "name": email.name,
        "subject": email.subject,
        "type": "BATCH_EMAIL",
        "subType": "BATCH",
        "counters": {kind.lower(): number for kind, number in sorted(counted.items())},
        "numIncluded": counted["SENT"],
        "numQueued": counted["SENT"],
        "processingState": "DONE",
        "lastProcessingStartedAt": done,
        "lastProcessingFinishedAt": done,
        "lastProcessingStateChangeAt": done,
    }


def email_event(event: EmailEvent, hub_id: int) -> Json:
    shown: Json = {
        "id": event.id,
        "type": event.type,
        "created": event.at,
        "portalId": hub_id,
        "appId": APP_ID,
        "appName": APP_NAME,
        "emailCampaignId": event.email_campaign_id,
        "emailCampaignGroupId": event.email_campaign_id,
        "recipient": event.recipient,
        "hmid": event.sent_id.replace("-", "")[:12],
        **event.details,
    }
    if event.type != "SENT":
        shown["sentBy"] = {"id": event.sent_id, "created": event.sent_at}
    return shown


def subscription_definition(subscription: Subscription, hub_id: int, order: int) -> Json:
    return {
        "id": subscription.id,
        "portalId": hub_id,
        "name": subscription.name,
        "description": subscription.description,
        "active": True,
        "internal": subscription.internal,
        "internalName": subscription.name.upper().replace(" ", "_"),
        "category": subscription.category,
        "channel": subscription.channel,
        "order": order,
        "businessUnitId": 0,
    }


def subscription_change(change: SubscriptionChange, hub_id: int) -> Json:
    return {
        "timestamp": change.at,
        "portalId": hub_id,
        "recipient": change.recipient,
        "normalizedEmailId": change.id,
        "changes": [
            {
                "change": change.change,
                "changeType": "SUBSCRIPTION_STATUS",
                "source": change.source,
                "portalId": hub_id,
                "subscriptionId": change.subscription_id,
                "timestamp": change.at,
            }
        ],
    }
