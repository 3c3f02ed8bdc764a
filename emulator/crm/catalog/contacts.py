"""The properties of contacts."""

from __future__ import annotations

from emulator.crm.catalog.kinds import Standard
from emulator.crm.catalog.shorthand import LIFECYCLE, choice, date, derived, flag, number, phone, system, text
from emulator.crm.object_types import CONTACT

_INFO = "contactinformation"
_SALES = "sales_properties"
_ANALYTICS = "analyticsinformation"

GROUPS = ((_INFO, "Contact information"), (_SALES, "Sales properties"), (_ANALYTICS, "Web analytics history"))

PROPERTIES = (
    text("email", "Email", _INFO),
    text("firstname", "First Name", _INFO),
    text("lastname", "Last Name", _INFO),
    phone("phone", "Phone Number", _INFO),
    phone("mobilephone", "Mobile Phone Number", _INFO),
    derived("hs_searchable_calculated_phone_number", "Phone number for searches", _INFO),
    derived("hs_searchable_calculated_mobile_number", "Mobile phone number for searches", _INFO),
    phone("fax", "Fax Number", _INFO),
    text("company", "Company Name", _INFO),
    text("jobtitle", "Job Title", _INFO),
    text("website", "Website URL", _INFO),
    text("address", "Street Address", _INFO),
    text("city", "City", _INFO),
    text("state", "State/Region", _INFO),
    text("zip", "Postal Code", _INFO),
    text("country", "Country/Region", _INFO),
    text("salutation", "Salutation", _INFO),
    text("message", "Message", _INFO, long=True),
    text("industry", "Industry", _INFO),
    date("date_of_birth", "Date of birth", _INFO),
    number("annualrevenue", "Annual Revenue", _INFO),
    number("numemployees", "Number of Employees", _INFO),
    choice("lifecyclestage", "Lifecycle Stage", _INFO, *LIFECYCLE),
    choice(
        "hs_lead_status",
        "Lead Status",
        _SALES,
        ("NEW", "New"),
        ("OPEN", "Open"),
        ("IN_PROGRESS", "In Progress"),
        ("OPEN_DEAL", "Open Deal"),
        ("UNQUALIFIED", "Unqualified"),
        ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
        ("CONNECTED", "Connected"),
        ("BAD_TIMING", "Bad Timing"),
    ),
    choice(
        "hs_buying_role",
        "Buying Role",
        _SALES,
        ("BUDGET_HOLDER", "Budget Holder"),
        ("CHAMPION", "Champion"),
        ("DECISION_MAKER", "Decision Maker"),
        ("END_USER", "End User"),
        ("INFLUENCER", "Influencer"),
        many=True,
    ),
    choice(
        "hs_analytics_source",
        "Original Source",
        _ANALYTICS,
        ("ORGANIC_SEARCH", "Organic Search"),
        ("PAID_SEARCH", "Paid Search"),
        ("EMAIL_MARKETING", "Email Marketing"),
        ("SOCIAL_MEDIA", "Organic Social"),
        ("REFERRALS", "Referrals"),
        ("DIRECT_TRAFFIC", "Direct Traffic"),
        ("OFFLINE", "Offline Sources"),
    ),
    text("hs_additional_emails", "Additional email addresses", _INFO),
    flag("hs_email_optout", "Unsubscribed from all email", _INFO),
    number("hubspotscore", "HubSpot Score", _SALES),
    derived("hs_marketable_until_renewal", "Marketing contact until next update", _INFO, "bool"),
    derived("hs_email_domain", "Email Domain", _INFO),
    derived("hs_full_name_or_email", "Full name or email", _INFO),
    derived("hs_is_unworked", "Contact unworked", _SALES, "bool"),
    derived("hs_all_contact_vids", "All vids for a contact", _INFO),
    derived("hs_calculated_merged_vids", "Merged vids with timestamps", _INFO),
    *system(_INFO, CONTACT),
)

STANDARD = (Standard(CONTACT, GROUPS, PROPERTIES),)
