"""The properties of companies."""

from __future__ import annotations

from emulator.crm.catalog.kinds import Standard
from emulator.crm.catalog.shorthand import LIFECYCLE, choice, derived, flag, number, phone, system, text
from emulator.crm.object_types import COMPANY

_INFO = "companyinformation"

GROUPS = ((_INFO, "Company information"),)

PROPERTIES = (
    text("name", "Company name", _INFO),
    text("domain", "Company Domain Name", _INFO),
    text("website", "Website URL", _INFO),
    phone("phone", "Phone Number", _INFO),
    derived("hs_searchable_calculated_phone_number", "Phone number for searches", _INFO),
    text("description", "Description", _INFO, long=True),
    text("address", "Street Address", _INFO),
    text("address2", "Street Address 2", _INFO),
    text("city", "City", _INFO),
    text("state", "State/Region", _INFO),
    text("zip", "Postal Code", _INFO),
    text("country", "Country/Region", _INFO),
    text("timezone", "Time Zone", _INFO),
    number("founded_year", "Year Founded", _INFO),
    number("numberofemployees", "Number of Employees", _INFO),
    number("annualrevenue", "Annual Revenue", _INFO),
    flag("is_public", "Is Public", _INFO),
    text("linkedin_company_page", "LinkedIn Company Page", _INFO),
    choice("lifecyclestage", "Lifecycle Stage", _INFO, *LIFECYCLE),
    choice(
        "industry",
        "Industry",
        _INFO,
        ("ACCOUNTING", "Accounting"),
        ("AUTOMOTIVE", "Automotive"),
        ("BANKING", "Banking"),
        ("COMPUTER_SOFTWARE", "Computer Software"),
        ("CONSTRUCTION", "Construction"),
        ("CONSUMER_GOODS", "Consumer Goods"),
        ("EDUCATION_MANAGEMENT", "Education Management"),
        ("FOOD_BEVERAGES", "Food & Beverages"),
        ("HOSPITAL_HEALTH_CARE", "Hospital & Health Care"),
        ("LOGISTICS_AND_SUPPLY_CHAIN", "Logistics and Supply Chain"),
        ("MACHINERY", "Machinery"),
        ("MARKETING_AND_ADVERTISING", "Marketing and Advertising"),
        ("RENEWABLES_ENVIRONMENT", "Renewables & Environment"),
        ("RETAIL", "Retail"),
    ),
    choice(
        "type",
        "Type",
        _INFO,
        ("PROSPECT", "Prospect"),
        ("PARTNER", "Partner"),
        ("RESELLER", "Reseller"),
        ("VENDOR", "Vendor"),
        ("OTHER", "Other"),
    ),
    *system(_INFO, COMPANY),
)

STANDARD = (Standard(COMPANY, GROUPS, PROPERTIES),)
