"""Each rule with what it finds and what it leaves alone; and nothing to mend in our own code."""

# ruff: noqa: E501, ISC004 - examples are read line by line
from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from hubapp.linting.check import HINTS, check, lint

CHECKOUT = Path(__file__).resolve().parents[2]
LOOKS_REAL = "8c1d5f6e-47a2-4b90-9e3d-2f6a1b7c8d5e"
TOKEN = f"pat-na1-{LOOKS_REAL}"

BAD = {
    "HS001": [
        f'client_secret = "{LOOKS_REAL}"  #!',
        f'HUBSPOT = {{"client_secret": "{LOOKS_REAL}"}}  #!',
        f'client = Client(access_token="{LOOKS_REAL}")  #!',
        f'anything = "{TOKEN}"  #!',
        f'headers = {{"Authorization": "Bearer {TOKEN}"}}  #!',
        f'os.environ.get("HUBSPOT_CLIENT_SECRET", "{LOOKS_REAL}")  #!',
        f'settings["HUBSPOT_API_KEY"] = "{LOOKS_REAL}"  #!',
        'def call(path, refresh_token="na1-8c1d-5f6e-47a2-4b90-9e3d2f6a1b7c"): pass  #!',
        f'def call(path, *, access_token="{LOOKS_REAL}"): pass  #!',
    ],
    "HS002": [
        'def f():\n    return requests.get("https://api.hubapi.com/crm/v3/objects/contacts", headers=h).json()["results"]  #!',
        'URL = "https://api.hubapi.com/crm/v3/owners"\ndef f():\n    return httpx.get(URL).json()  #!',
        'def f(kind):\n    url = f"https://api.hubapi.com/crm/v3/objects/{kind}?limit=100"\n    return requests.get(url)  #!',
        'client.request("GET", "/crm/objects/{version}/contacts", params={"limit": 100})  #!',
        'class Api:\n    def contacts(self):\n        url = f"{self.base}/crm/v3/objects/contacts"\n        return requests.get(url)  #!',
        'client.request("POST", "/crm/objects/{version}/deals/search", json=query)  #!',
        "from hubspot_api import objects\ndef f(client):\n    return objects.list_page(client, 'contacts').results  #!",
        "page = api.crm.contacts.basic_api.get_page(limit=100)  #!",
        "found = api.crm.contacts.search_api.do_search(request)  #!",
    ],
    "HS003": [
        "from hubspot_api import objects\nfor one in ids:\n    objects.update(client, 'contacts', one, {'a': 'b'})  #!",
        "from hubspot_api.objects import get\nfound = [get(client, 'contacts', one) for one in ids]  #!",
        "while ids:\n    one = ids.pop()\n    api.crm.contacts.basic_api.get_by_id(one)  #!",
        'for one in ids:\n    requests.patch(f"https://api.hubapi.com/crm/v3/objects/contacts/{one}", json=body)  #!',
        'for body in rows:\n    requests.post("https://api.hubapi.com/crm/v3/objects/contacts", json=body)  #!',
        'for one in ids:\n    url = BASE + "/crm/v3/objects/contacts/%s" % one\n    requests.get(url, params={"id": one})  #!',
    ],
    "HS004": [
        'def one(n):\n    return requests.get(f"https://api.hubapi.com/x/{n}")\n'
        "with ThreadPoolExecutor() as pool:\n    pool.map(one, ids)  #!",
        'def one(n):\n    return requests.get(f"https://api.hubapi.com/x/{n}")\ndef two(n):\n    return one(n)\n'
        "import threading\nthreading.Thread(target=two, args=(1,)).start()  #!",
        'async def one(c, n):\n    return await c.get(f"https://api.hubapi.com/x/{n}")\n'
        "async def main(c):\n    await asyncio.gather(*(one(c, n) for n in ids))  #!",
        'async def main():\n    async with httpx.AsyncClient(base_url="https://api.hubapi.com") as c:\n'
        "        async def one(n):\n            return await c.get(n)\n"
        "        async with asyncio.TaskGroup() as group:\n            group.create_task(one(1))  #!",
        'class Contacts:\n    def one(self, n):\n        return self.http.get(f"{self.base}/crm/v3/objects/contacts/{n}")\n'
        "    def all(self, ids):\n        return list(self.pool.map(self.one, ids))  #!",
        'BASE = os.getenv("URL", "https://api.hubapi.com")\ndef one(n):\n    return requests.get(f"{BASE}/x/{n}")\n'
        "async def main():\n    await asyncio.gather(*[asyncio.to_thread(one, n) for n in ids])  #!",
        'HOST = "https://api-eu1.hubapi.com"\npool.submit(lambda: requests.post(HOST + "/x", json=1))  #!',
    ],
    "HS005": [
        "class Portal(models.Model):\n    access_token = models.TextField()  #!\n    hub_id = models.BigIntegerField()",
        "Portal.objects.create(hub_id=1, access_token=t)  #!",
        'Portal.objects.update_or_create(hub_id=1, defaults={"access_token": t})  #!',
        'cache.set("access_token", t)  #!',
        'def callback(request):\n    request.session["access_token"] = t  #!',
        "def keep(portal, t):\n    portal.access_token = t  #!\n    portal.save()",
    ],
    "HS006": [
        "@csrf_exempt\ndef hubspot_webhook(request):  #!\n    return store(json.loads(request.body))",
        '@app.post("/webhooks/hubspot")\ndef receive():  #!\n    return store(request.get_json())',
        '@router.post("/webhook")\nasync def receive(request: Request):  #!\n    return store(await request.json())',
        "class WebhookView(View):\n    def post(self, request):  #!\n        store(request.body)",
        "def webhook(request):  #!\n    return keep(request)\n    request.body\ndef keep(request):\n    return request.body",
    ],
    "HS007": [
        'requests.get("https://api.hubapi.com/crm/v3/properties/contacts?hapikey=" + key)  #!',
        'requests.get("https://api.hubapi.com/crm/v3/properties/contacts", params={"hapikey": key})  #!',
        "import hubspot\nclient = hubspot.Client.create(api_key=key)  #!",
        "from hubspot import HubSpot\nclient = HubSpot(api_key=key)  #!",
    ],
}
GOOD = [
    'client_secret = os.environ["HUBSPOT_CLIENT_SECRET"]',
    'client_secret = "11111111-2222-3333-4444-555555555555"',
    'access_token = ""',
    'token_url = "https://api.hubapi.com/oauth/2026-03/token"',
    'API_KEY = "HUBSPOT_DEVELOPER_API_KEY"',
    'def f():\n    params["after"] = after\n    return requests.get("https://api.hubapi.com/crm/v3/objects/contacts", params=params)',
    'client.request("GET", "/crm/objects/{version}/contacts", params={"limit": 1})',
    'client.request("GET", "/crm/owners/{version}", params={"email": "ada@example.com"})',
    'client.request("GET", "/crm/objects/{version}/contacts/{id}")',
    'requests.get("https://api.hubapi.com/crm/v3/objects/contacts/1")',
    "from hubspot_api import objects\ndef f(client):\n    for one in objects.list_all(client, 'contacts'): print(one)",
    "from hubspot_api import objects\ndef f(client):\n    page = objects.list_page(client, 'contacts')\n    return page.after",
    "from hubspot_api import batches\nbatches.read(client, 'contacts', ids)",
    "from hubspot_api import objects\nfor turn in range(3):\n    objects.update(client, 'contacts', 7, {'a': 'b'})",
    "from hubspot_api import objects\nfor row in objects.get(client, 'contacts', 7).properties: print(row)",
    "from hubspot_api import objects\nfor one in ids:\n    def later():\n        return objects.get(client, 'contacts', one)",
    'for part in parts:\n    requests.post("https://api.hubapi.com/crm/v3/objects/contacts/batch/read", json=part)',
    "for one in rows:\n    one.basic.update(one)",
    "with ThreadPoolExecutor() as pool:\n    pool.map(lambda one: batches.read(client, 'contacts', one), parts)",
    'def one(n):\n    return requests.get(f"https://example.com/{n}")\npool.map(one, ids)',
    'def one(n):\n    return requests.get(f"https://api.hubapi.com/{n}")\ndef two(n):\n    return n\npool.map(two, ids)',
    "class Portal(models.Model):\n    access_token = models.TextField()\n    expires_at = models.DateTimeField()",
    "Portal.objects.create(access_token=t, expires_at=now)",
    'cache.set("access_token", t, 1700)',
    'cache.set("access_token", t, timeout=1700)',
    "def keep(portal, t):\n    portal.access_token = t\n    portal.expires_at = t.end\n    portal.save()",
    "class TokenGrant:\n    access_token = field()",
    "@csrf_exempt\ndef hubspot_webhook(request):\n    verify_v3(request)\n    return store(request.body)",
    '@app.post("/webhook")\nasync def receive(request: Request, _=Depends(verify_hubspot)):\n    await request.json()',
    '@app.post("/webhook", dependencies=[Depends(verify_hubspot)])\nasync def receive(request):\n    await request.json()',
    "def webhook(request):\n    if validate_request(request):\n        store(request.body)",
    "@verified\ndef webhook(request):\n    return store(request.body)",
    "def webhook(request):\n    check(request)\n    return store(request.body)\n"
    "def check(request):\n    if not hmac.compare_digest(a, b): raise PermissionDenied",
    "def webhook_settings(request):\n    return render(request, 'webhooks.html')",
    'requests.get("https://api.hubapi.com/webhooks/v3/1/settings?hapikey=" + key)',
    'requests.get("https://api.hubapi.com/webhooks/v3/1/settings", params={"hapikey": key})',
    'def f():\n    """Never sends hapikey= as /crm/ did."""',
    "x = x + 'a'\nrequests.get(x)",
]


@pytest.mark.parametrize(
    ("rule", "text"),
    [(rule, text) for rule, texts in BAD.items() for text in texts],
    ids=[f"{rule}-{number}" for rule, texts in BAD.items() for number in range(len(texts))],
)
def test_what_a_rule_finds(rule: str, text: str) -> None:
    marked = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("#!")]
    found = list(check(text.encode()))
    assert [(each.line, each.rule) for each in found if each.rule == rule] == [(line, rule) for line in marked]


@pytest.mark.parametrize("text", GOOD)
def test_what_is_left_alone(text: str) -> None:
    assert list(check(text.encode())) == []


@pytest.mark.parametrize("rule", BAD)
def test_a_reason_excuses_one_rule_on_one_line(rule: str) -> None:
    text = BAD[rule][0]
    assert not {each.rule for each in check(text.replace("#!", f"# noqa: {rule} - because").encode())} & {rule, "HS008"}
    assert not {each.rule for each in check(text.replace("#!", f"# noqa: S105, {rule} - x").encode())} & {rule, "HS008"}
    assert rule in {each.rule for each in check(text.replace("#!", "# noqa: HS009 - because").encode())}
    assert rule in {each.rule for each in check(text.replace("#!", "# noqa").encode())}
    assert "HS008" in {each.rule for each in check(text.replace("#!", f"# noqa: {rule}").encode())}


@pytest.mark.parametrize("content", [b"def", b"\xff", b"x = '\0'"])
def test_what_is_not_python_is_said(content: bytes) -> None:
    assert [each.rule for each in check(content)] == ["HS000"]


def test_every_rule_has_a_hint() -> None:
    assert set(HINTS) == {"HS000", *BAD, "HS008"}


def test_nothing_is_to_be_mended_in_our_own_code() -> None:
    assert list(lint(CHECKOUT)) == []


class TestCommand:
    def run(self, path: Path) -> tuple[int, str]:
        out = StringIO()
        try:
            call_command("lint_hubspot", path, stdout=out, stderr=StringIO())
        except SystemExit as end:
            return int(str(end.code)), out.getvalue()
        return 0, out.getvalue()

    def test_findings_name_file_line_rule_and_hint(self, tmp_path: Path) -> None:
        place = tmp_path / "app" / "views.py"
        place.parent.mkdir()
        place.write_text("import os\n\n" + BAD["HS001"][0])
        code, said = self.run(tmp_path)
        assert code == 1
        assert said == f"{place}:3: HS001 The value of client_secret is in the code. {HINTS['HS001']}\n"
        assert LOOKS_REAL not in said
        assert self.run(place) == (code, said)

    def test_nothing_found_is_a_success(self, tmp_path: Path) -> None:
        (tmp_path / "good.py").write_text(GOOD[0])
        assert self.run(tmp_path) == (0, "")

    def test_other_peoples_code_is_not_looked_at(self, tmp_path: Path) -> None:
        for folder in (".hidden", "environment"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "bad.py").write_text(BAD["HS001"][0])
        (tmp_path / "environment" / "pyvenv.cfg").touch()
        (tmp_path / "bad.txt").write_text(BAD["HS001"][0])
        assert self.run(tmp_path) == (0, "")

    def test_tests_may_read_one_page_and_hold_no_secret(self, tmp_path: Path) -> None:
        (tmp_path / "test_it.py").write_text(BAD["HS002"][3] + "\n" + BAD["HS001"][0])
        assert [each.rule for each in lint(tmp_path)] == ["HS001"]

    def test_a_path_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="cannot be read"):
            self.run(tmp_path / "nowhere")
