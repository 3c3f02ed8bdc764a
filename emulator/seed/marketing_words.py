"""Names and phrases that seeded marketing is put together from."""

from __future__ import annotations

from emulator.marketing.things import FormField

FORMS = (
    "Contact us",
    "Request a demo",
    "Newsletter sign-up",
    "Download the buyer's guide",
    "Webinar registration",
    "Get a quote",
    "Partner application",
    "Event feedback",
)

# The first three are asked by every form.
FORM_FIELDS = (
    FormField("email", "Email", "email", "text", required=True),
    FormField("firstname", "First name", "single_line_text", "text"),
    FormField("lastname", "Last name", "single_line_text", "text"),
    FormField("company", "Company name", "single_line_text", "text"),
    FormField("phone", "Phone number", "phone", "phonenumber"),
    FormField("jobtitle", "Job title", "single_line_text", "text"),
    FormField("message", "Message", "multi_line_text", "textarea"),
)

MESSAGES = (
    "Please call me about prices for forty people.",
    "Does it work with our warehouse system?",
    "We would like to see it before the end of the month.",
    "Who can help us to migrate?",
    "Thank you for the talk in spring!",
)

SUBJECTS = (
    "What is new this month",
    "Your seat is reserved",
    "Five ways to plan a busy season",
    "Last days of the autumn offer",
    "How others do it: a visit to a workshop",
    "We moved: our new address",
    "An invitation to our open day",
    "Your questions, answered",
)

CAMPAIGNS = ("Spring launch", "Trade fair", "Customer stories", "Winter offer", "Partner programme", "Product tour")

PAGES = ("/", "/pricing", "/product", "/blog/planning-a-busy-season", "/contact", "/customers", "/demo")

BROWSERS = (
    {
        "name": "Chrome",
        "family": "Chrome",
        "producer": "Google Inc.",
        "producerUrl": "https://www.google.com",
        "type": "Browser",
        "url": "https://www.google.com/chrome",
        "version": ["143.0"],
    },
    {
        "name": "Safari",
        "family": "Safari",
        "producer": "Apple Inc.",
        "producerUrl": "https://www.apple.com",
        "type": "Browser",
        "url": "https://www.apple.com/safari",
        "version": ["26.1"],
    },
    {
        "name": "Firefox",
        "family": "Firefox",
        "producer": "Mozilla Foundation",
        "producerUrl": "https://www.mozilla.org",
        "type": "Browser",
        "url": "https://www.mozilla.org/firefox",
        "version": ["145.0"],
    },
)
