"""Names and phrases that seeded records are put together from."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


FIRST_NAMES = _words(
    """
    Amara Aisha Alejandra Amelia Ana Anders Anika Anna Antonio Arjun Astrid Beatriz Ben Bianca Bruno Camille
    Carlos Carmen Caroline Cecilia Chiara Chloe Christoph Clara Claudia Daniel Daria David Deepa Diego Dmitri
    Dorothea Eda Eduardo Elena Elias Elif Elsa Emeka Emil Emma Erik Esther Eva Farid Fatima Felix Fiona
    Florian Freya Gabriel Giulia Grace Greta Gustav Hana Hannah Hassan Helena Henrik Hiro Ian Ida Ines Ingrid
    Isaac Isabel Ivan Jakob James Jan Jana Jasmine Javier Jelena Joana Johan Jonas Julia Kai Karim Karin
    Katarina Keiko Kofi Lara Lars Laura Lena Leon Liam Lina Linnea Lucas Lucia Luis Maja Malik Manuel Marco
    Maria Marta Martin Mateo Matilda Maya Mehmet Mia Miguel Mila Mira Mohammed Nadia Naomi Natalia Nico Nina
    Noah Nora Olga Oliver Olivia Omar Oscar Pablo Paula Pedro Petra Priya Rafael Ravi Rebecca Rosa Ruth Samira
    Samuel Sara Sebastian Sofia Stefan Sven Tariq Teresa Theo Thomas Tim Tomas Valentina Vera Viktor Wei
    William Yara Yuki Yusuf Zoe
    """
)

LAST_NAMES = _words(
    """
    Abbott Adeyemi Aguilar Ahmed Almeida Andersen Andrade Arslan Bauer Becker Bell Berg Bergstrom Bianchi
    Blanc Bondarenko Brandt Brennan Bruun Cabral Campos Carvalho Castillo Chen Cohen Conti Costa Cruz Dahl
    Davies Dekker Delgado Diaz Dietrich Dubois Duarte Eriksen Esposito Evans Fernandes Fischer Flores Fontaine
    Fraser Garcia Gonzalez Greco Gupta Haddad Hansen Hartmann Hernandez Hoffmann Holm Horvat Huang Hughes
    Ibrahim Iversen Jansen Jensen Johansson Kamara Kaplan Kaur Keller Khan Kim Klein Kowalski Kraus Krishnan
    Kruger Larsen Laurent Lehmann Lindqvist Lopes Lopez Lund Marino Martinez Mendes Mendoza Meyer Moreau
    Moreno Morris Moser Mueller Nakamura Navarro Nguyen Nielsen Novak Okafor Okoye Oliveira Olsen Ortiz Osei
    Park Patel Pereira Petrov Popescu Price Quinn Ramos Reyes Ricci Richter Rivera Romano Rossi Roux Ruiz
    Saito Salazar Santos Sato Schmidt Schneider Silva Singh Sorensen Suarez Suzuki Takahashi Tanaka Torres
    Turner Vargas Vasquez Vega Virtanen Vogel Wagner Walsh Weber Wong Yamamoto Yilmaz Young Zhang Ziegler
    Zimmermann
    """
)

COMPANY_WORDS = _words(
    """
    Alder Amber Anchor Arbor Aster Atlas Aurora Beacon Birch Bluebird Bramble Brightwater Cairn Canopy Cedar
    Cinder Clearwater Cobalt Copper Coral Crescent Dovetail Driftwood Ember Evergreen Fairfield Falcon Fern
    Fjord Flint Foxglove Granite Greenfield Harbor Hawthorn Hazel Heron Highland Hillcrest Horizon Iris
    Ironwood Juniper Kestrel Keystone Lakeside Lantern Larkspur Laurel Linden Lumen Magnolia Maple Marigold
    Meadow Meridian Mistral Monarch Mosaic Northwind Oakhurst Obsidian Olive Onyx Orchard Osprey Palisade
    Peregrine Pine Poplar Prairie Quarry Quill Redwood Ridgeline Riverbend Rowan Saffron Sandpiper Sequoia
    Silverlake Skylark Solstice Sparrow Spruce Stonebridge Summit Sycamore Thistle Tidewater Timber Topaz Vale
    Verdant Vista Wavecrest Westfield Willow Windmill Wren Zephyr
    """
)

COMPANY_KINDS = (
    ("Software", "COMPUTER_SOFTWARE"),
    ("Systems", "COMPUTER_SOFTWARE"),
    ("Analytics", "COMPUTER_SOFTWARE"),
    ("Logistics", "LOGISTICS_AND_SUPPLY_CHAIN"),
    ("Freight", "LOGISTICS_AND_SUPPLY_CHAIN"),
    ("Foods", "FOOD_BEVERAGES"),
    ("Coffee Roasters", "FOOD_BEVERAGES"),
    ("Health", "HOSPITAL_HEALTH_CARE"),
    ("Clinics", "HOSPITAL_HEALTH_CARE"),
    ("Solar", "RENEWABLES_ENVIRONMENT"),
    ("Energy", "RENEWABLES_ENVIRONMENT"),
    ("Builders", "CONSTRUCTION"),
    ("Interiors", "CONSTRUCTION"),
    ("Outfitters", "RETAIL"),
    ("Home", "RETAIL"),
    ("Motors", "AUTOMOTIVE"),
    ("Machinery", "MACHINERY"),
    ("Learning", "EDUCATION_MANAGEMENT"),
    ("Media", "MARKETING_AND_ADVERTISING"),
    ("Studio", "MARKETING_AND_ADVERTISING"),
    ("Capital", "BANKING"),
    ("Accounting", "ACCOUNTING"),
)

JOB_TITLES = (
    "Head of Operations",
    "Sales Manager",
    "Marketing Manager",
    "Chief Executive Officer",
    "Office Manager",
    "Procurement Lead",
    "IT Manager",
    "Account Manager",
    "Finance Director",
    "Product Manager",
    "Customer Success Manager",
    "Managing Director",
    "Purchasing Assistant",
    "Head of Sales",
    "Operations Analyst",
)

# City, state or region, country, telephone prefix.
PLACES = {
    "na1": (
        ("Boston", "MA", "United States", "+1 617"),
        ("Austin", "TX", "United States", "+1 512"),
        ("Denver", "CO", "United States", "+1 303"),
        ("Portland", "OR", "United States", "+1 503"),
        ("Chicago", "IL", "United States", "+1 312"),
        ("Atlanta", "GA", "United States", "+1 404"),
        ("Toronto", "ON", "Canada", "+1 416"),
        ("Monterrey", "NL", "Mexico", "+52 81"),
    ),
    "eu1": (
        ("Berlin", "Berlin", "Germany", "+49 30"),
        ("Hamburg", "Hamburg", "Germany", "+49 40"),
        ("Lyon", "Auvergne-Rhône-Alpes", "France", "+33 4"),
        ("Gothenburg", "Västra Götaland", "Sweden", "+46 31"),
        ("Utrecht", "Utrecht", "Netherlands", "+31 30"),
        ("Porto", "Norte", "Portugal", "+351 22"),
        ("Dublin", "Leinster", "Ireland", "+353 1"),
        ("Graz", "Steiermark", "Austria", "+43 316"),
    ),
}

DEAL_SUBJECTS = (
    "Annual licence",
    "Website relaunch",
    "Onboarding package",
    "Fleet renewal",
    "Pilot project",
    "Support contract",
    "Warehouse rollout",
    "Team plan upgrade",
    "Training days",
    "Data migration",
)

TICKETS = (
    ("Cannot sign in after password reset", "PRODUCT_ISSUE", "The reset link works, but the new password is refused."),
    (
        "Invoice shows the wrong address",
        "BILLING_ISSUE",
        "Please send both invoices again with our new address.",
    ),
    ("Export to CSV stops half way", "PRODUCT_ISSUE", "The file ends after about two thousand lines."),
    ("Question about adding users", "GENERAL_INQUIRY", "How many more people can we invite on our plan?"),
    ("Dark mode, please", "FEATURE_REQUEST", "Our night shift would be grateful."),
    ("Charged twice this month", "BILLING_ISSUE", "Two payments left our account on the first."),
    ("Delivery arrived damaged", "GENERAL_INQUIRY", "One of the three boxes was open. Photos attached."),
    ("Report numbers differ from dashboard", "PRODUCT_ISSUE", "The weekly total is off by a few per cent."),
    ("Keyboard shortcuts for the inbox", "FEATURE_REQUEST", "Archiving by key would save us hours."),
)

# By the property that they are values of.
ACTIVITY_PHRASES = {
    "hs_note_body": (
        "<p>Prefers to be called in the morning.</p>",
        "<p>Wants an offer for twice as many seats.</p>",
        "<p>Met at the trade fair; send the case study.</p>",
    ),
    "hs_task_subject": ("Call back", "Send the offer", "Prepare the demo", "Ask for references", "Check the contract"),
    "hs_task_body": ("Before the end of the week.", "Together with the service team.", "See the note on the deal."),
    "hs_call_title": ("Introduction", "Follow-up", "Price talk", "Support question"),
    "hs_call_body": ("Interested, decides next month.", "Not reached, left a message.", "Wants to see the reports."),
    "hs_email_subject": ("Your offer", "Re: Your offer", "Meeting on Thursday", "Documents you asked for"),
    "hs_email_text": ("As promised, you find the offer attached.", "Thursday at ten suits us well.", "Many thanks!"),
    "hs_email_html": ("<p>As promised, you find the offer attached.</p>", "<p>Thursday at ten suits us well.</p>"),
    "hs_meeting_title": ("Product demo", "Quarterly review", "Kick-off", "Contract talk"),
    "hs_meeting_body": ("We look at the plan together.", "Bring the figures, please."),
    "hs_meeting_location": ("Online", "Their office", "Our office"),
}
