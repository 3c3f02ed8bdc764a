"""The associations that HubSpot defines, with their ids in both directions.

The table "Associate records" of developers.hubspot.com/docs/guides/api/crm/associations: contact to company is 279,
its "Primary" is 1; ticket to company is 339, its "Primary" 26; 15 is contact to ticket.
"""

from __future__ import annotations

from collections.abc import Iterator

from emulator.crm.association_types import AssociationType, AssociationTypes
from emulator.crm.catalog.activities import CALLS, COMMUNICATIONS, EMAILS, MEETINGS, NOTES, POSTAL_MAIL, TASKS
from emulator.crm.catalog.commerce import (
    CARTS,
    DISCOUNTS,
    FEES,
    INVOICES,
    LINE_ITEMS,
    ORDERS,
    PAYMENTS,
    QUOTES,
    SUBSCRIPTIONS,
    TAXES,
)
from emulator.crm.catalog.library import APPOINTMENTS, COURSES, DEAL_SPLITS, LEADS, LISTINGS, SERVICES
from emulator.crm.object_types import COMPANY, CONTACT, DEAL, TICKET, ObjectType

_CALL, _EMAIL, _MEETING, _NOTE, _TASK = CALLS.kind, EMAILS.kind, MEETINGS.kind, NOTES.kind, TASKS.kind
_COMMUNICATION, _POSTAL_MAIL = COMMUNICATIONS.kind, POSTAL_MAIL.kind
_LINE_ITEM, _QUOTE, _INVOICE, _ORDER, _CART = (
    *(LINE_ITEMS.kind, QUOTES.kind, INVOICES.kind),
    *(ORDERS.kind, CARTS.kind),
)
_SUBSCRIPTION, _PAYMENT = SUBSCRIPTIONS.kind, PAYMENTS.kind
_LEAD, _SERVICE, _COURSE, _LISTING = LEADS.kind, SERVICES.kind, COURSES.kind, LISTINGS.kind
_APPOINTMENT = APPOINTMENTS.kind

# From, to, the id of the plain type, the id of its inverse. The same id twice: the type is its own inverse.
_PLAIN: tuple[tuple[ObjectType, ObjectType, int, int], ...] = (
    (CONTACT, COMPANY, 279, 280),
    (CONTACT, CONTACT, 449, 449),
    (COMPANY, COMPANY, 450, 450),
    (DEAL, CONTACT, 3, 4),
    (DEAL, COMPANY, 341, 342),
    (TICKET, CONTACT, 16, 15),
    (TICKET, COMPANY, 339, 340),
    (DEAL, TICKET, 27, 28),
    (DEAL, DEAL, 451, 451),
    (TICKET, TICKET, 452, 452),
    # Activities, from the record that they are about.
    *((CONTACT, _CALL, 193, 194), (COMPANY, _CALL, 181, 182), (DEAL, _CALL, 205, 206), (TICKET, _CALL, 219, 220)),
    *((CONTACT, _EMAIL, 197, 198), (COMPANY, _EMAIL, 185, 186), (DEAL, _EMAIL, 209, 210), (TICKET, _EMAIL, 223, 224)),
    *((CONTACT, _MEETING, 199, 200), (COMPANY, _MEETING, 187, 188)),
    *((DEAL, _MEETING, 211, 212), (TICKET, _MEETING, 225, 226)),
    *((CONTACT, _NOTE, 201, 202), (COMPANY, _NOTE, 189, 190), (DEAL, _NOTE, 213, 214), (TICKET, _NOTE, 227, 228)),
    *((CONTACT, _TASK, 203, 204), (COMPANY, _TASK, 191, 192), (DEAL, _TASK, 215, 216), (TICKET, _TASK, 229, 230)),
    *((CONTACT, _COMMUNICATION, 82, 81), (COMPANY, _COMMUNICATION, 88, 87)),
    *((DEAL, _COMMUNICATION, 86, 85), (TICKET, _COMMUNICATION, 84, 83)),
    *((CONTACT, _POSTAL_MAIL, 454, 453), (COMPANY, _POSTAL_MAIL, 460, 459)),
    *((DEAL, _POSTAL_MAIL, 458, 457), (TICKET, _POSTAL_MAIL, 456, 455)),
    # Commerce.
    *((DEAL, _LINE_ITEM, 19, 20), (_QUOTE, _LINE_ITEM, 67, 68), (_INVOICE, _LINE_ITEM, 409, 410)),
    *((_ORDER, _LINE_ITEM, 513, 514), (_CART, _LINE_ITEM, 590, 591), (_SUBSCRIPTION, _LINE_ITEM, 301, 302)),
    *((_PAYMENT, _LINE_ITEM, 395, 396), (_LINE_ITEM, DISCOUNTS.kind, 368, 367)),
    *((DEAL, _QUOTE, 63, 64), (_QUOTE, CONTACT, 69, 70), (_QUOTE, COMPANY, 71, 72)),
    *((_QUOTE, DISCOUNTS.kind, 362, 361), (_QUOTE, FEES.kind, 364, 363), (_QUOTE, TAXES.kind, 366, 365)),
    *((_QUOTE, _INVOICE, 408, 407), (_QUOTE, _PAYMENT, 398, 397), (_QUOTE, _SUBSCRIPTION, 304, 303)),
    *((_QUOTE, _ORDER, 731, 730), (_QUOTE, _CART, 733, 732)),
    *((CONTACT, _INVOICE, 178, 177), (COMPANY, _INVOICE, 180, 179), (DEAL, _INVOICE, 176, 175)),
    *((_INVOICE, DISCOUNTS.kind, 411, 412), (_INVOICE, FEES.kind, 413, 414), (_INVOICE, TAXES.kind, 415, 416)),
    *((_INVOICE, _ORDER, 517, 518), (_INVOICE, _PAYMENT, 541, 542), (_INVOICE, _SUBSCRIPTION, 622, 623)),
    *((CONTACT, _SUBSCRIPTION, 296, 295), (COMPANY, _SUBSCRIPTION, 298, 297), (DEAL, _SUBSCRIPTION, 300, 299)),
    *((CONTACT, _PAYMENT, 388, 387), (COMPANY, _PAYMENT, 390, 389), (DEAL, _PAYMENT, 392, 391)),
    *((CONTACT, _ORDER, 508, 507), (COMPANY, _ORDER, 510, 509), (DEAL, _ORDER, 511, 512), (TICKET, _ORDER, 526, 525)),
    *((_ORDER, _SUBSCRIPTION, 516, 515), (_ORDER, DISCOUNTS.kind, 519, 520), (_ORDER, _PAYMENT, 523, 524)),
    *((_ORDER, _TASK, 726, 727), (_ORDER, _CART, 593, 592)),
    *(
        (CONTACT, _CART, 587, 586),
        (_CART, DISCOUNTS.kind, 588, 589),
        (_CART, _TASK, 728, 729),
        (_CART, TICKET, 594, 595),
    ),
    (DEAL, DEAL_SPLITS.kind, 313, 314),
    # Leads.
    *((_LEAD, CONTACT, 608, 609), (_LEAD, COMPANY, 610, 611), (_LEAD, DEAL, 1037, 1036)),
    *((_LEAD, _CALL, 596, 597), (_LEAD, _EMAIL, 598, 599), (_LEAD, _MEETING, 600, 601)),
    *((_LEAD, _COMMUNICATION, 602, 603), (_LEAD, _TASK, 646, 647), (_LEAD, _NOTE, 854, 855)),
    # The object library.
    *((_SERVICE, CONTACT, 798, 799), (_SERVICE, COMPANY, 792, 793), (_SERVICE, DEAL, 794, 795)),
    *((_SERVICE, TICKET, 796, 797), (_SERVICE, _NOTE, 836, 837), (_SERVICE, _MEETING, 838, 839)),
    *((_SERVICE, _CALL, 840, 841), (_SERVICE, _EMAIL, 842, 843), (_SERVICE, _COMMUNICATION, 846, 847)),
    *((_SERVICE, _POSTAL_MAIL, 848, 849), (_SERVICE, _TASK, 852, 853)),
    *((_COURSE, CONTACT, 860, 861), (_COURSE, DEAL, 862, 863), (_COURSE, COMPANY, 938, 939)),
    *((_COURSE, TICKET, 940, 941), (_COURSE, _CALL, 866, 867), (_COURSE, _EMAIL, 870, 871)),
    *((_COURSE, _MEETING, 872, 873), (_COURSE, _NOTE, 874, 875), (_COURSE, _TASK, 876, 877)),
    *((_COURSE, _COMMUNICATION, 878, 879), (_COURSE, _POSTAL_MAIL, 880, 881)),
    *((_LISTING, CONTACT, 882, 883), (_LISTING, COMPANY, 884, 885), (_LISTING, DEAL, 886, 887)),
    *((_LISTING, TICKET, 942, 943), (_LISTING, _CALL, 890, 891), (_LISTING, _EMAIL, 894, 895)),
    *((_LISTING, _MEETING, 896, 897), (_LISTING, _NOTE, 898, 899), (_LISTING, _TASK, 900, 901)),
    *((_LISTING, _COMMUNICATION, 902, 903), (_LISTING, _POSTAL_MAIL, 904, 905)),
    *((_APPOINTMENT, CONTACT, 906, 907), (_APPOINTMENT, COMPANY, 908, 909), (_APPOINTMENT, DEAL, 944, 945)),
    *((_APPOINTMENT, TICKET, 946, 947), (_APPOINTMENT, _CALL, 912, 913), (_APPOINTMENT, _EMAIL, 916, 917)),
    *((_APPOINTMENT, _MEETING, 918, 919), (_APPOINTMENT, _NOTE, 920, 921), (_APPOINTMENT, _TASK, 922, 923)),
    *((_APPOINTMENT, _COMMUNICATION, 924, 925), (_APPOINTMENT, _POSTAL_MAIL, 926, 927)),
)

# The same for the one partner that is a record's primary one.
_PRIMARY: tuple[tuple[ObjectType, ObjectType, int, int], ...] = (
    (CONTACT, COMPANY, 1, 2),
    (DEAL, COMPANY, 5, 6),
    (TICKET, COMPANY, 26, 25),
    (_LEAD, CONTACT, 578, 579),
    (_LEAD, COMPANY, 580, 581),
    (_LEAD, DEAL, 582, 583),
)

_FAMILY = (
    AssociationType(13, COMPANY, COMPANY, "parent_to_child_company", "Child Company", 14),
    AssociationType(14, COMPANY, COMPANY, "child_to_parent_company", "Parent Company", 13),
)


def _plain(from_type: ObjectType, to_type: ObjectType, there: int, back: int) -> Iterator[AssociationType]:
    suffix = "_unlabeled" if any(row[:2] == (from_type, to_type) for row in _PRIMARY) else ""
    yield AssociationType(there, from_type, to_type, f"{from_type.name}_to_{to_type.name}{suffix}", None, back)
    if back != there:
        yield AssociationType(back, to_type, from_type, f"{to_type.name}_to_{from_type.name}{suffix}", None, there)


def _primary(from_type: ObjectType, to_type: ObjectType, there: int, back: int) -> Iterator[AssociationType]:
    name, inverse = f"{from_type.name}_to_{to_type.name}", f"{to_type.name}_to_{from_type.name}"
    yield AssociationType(there, from_type, to_type, name, "Primary", back, primary=True, exclusive=True)
    yield AssociationType(back, to_type, from_type, inverse, "Primary", there, primary=True)


HUBSPOT_TYPES = AssociationTypes(
    [
        *(each for row in _PLAIN for each in _plain(*row)),
        *(each for row in _PRIMARY for each in _primary(*row)),
        *_FAMILY,
    ]
)
