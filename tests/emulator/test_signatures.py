"""The signatures' test vectors: HubSpot's documentation, its official clients' tests, and some recomputed by hand."""

from __future__ import annotations

import pytest

from emulator.webhooks.signatures import decoded_uri, sign_v1, sign_v2, sign_v3

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
URI = "https://www.example.com/webhook_uri"
EVENTS = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
    b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM",'
    b'"changeFlag":"NEW","appId":54321}]'
)
JSON_BODY = b'{"example_field":"example_value"}'
# Not JSON, but signed all the same.
ODD_BODY = b"{'example_field':'example_value'}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (EVENTS, "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"),
        (ODD_BODY, "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750"),
    ],
)
def test_v1(body: bytes, expected: str) -> None:
    assert sign_v1(SECRET, body) == expected


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("GET", b"", "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"),
        ("POST", JSON_BODY, "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"),
        ("POST", ODD_BODY, "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383"),
    ],
)
def test_v2(method: str, body: bytes, expected: str) -> None:
    assert sign_v2(SECRET, method, URI, body) == expected


@pytest.mark.parametrize(
    ("method", "uri", "body", "timestamp", "expected"),
    [
        ("POST", URI, ODD_BODY, 1693657560000, "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
        ("POST", URI, ODD_BODY, 1700000300000, "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
        ("POST", URI, EVENTS, 1564113600500, "+r3cQe2xhAmobOAMhJIrVNtvq0R4VE7rXpN8HitwqVo="),
        ("POST", URI, JSON_BODY, 1693657560000, "oaA3M5dEtt6kFsseJD/Hv/x+JNl1vsoxFj4oxmwP6Go="),
        ("GET", URI, b"", 1693657560000, "Mqfg0iEbI6BJOwPPIPxI7vbp34DKJ0Uy9z4GLEMmRtk="),
        (
            "GET",
            URI + "?email=a%40b.co&next=%2Fx%3Fy%3D1&n=%20z",
            b"",
            1693657560000,
            "anwW3SW6QLYRbwTssiu0HjJFYX8NtYpy9oDI3ZqnuV0=",
        ),
    ],
)
def test_v3(method: str, uri: str, body: bytes, timestamp: int, expected: str) -> None:
    assert sign_v3(SECRET, method, uri, body, timestamp) == expected


@pytest.mark.parametrize(
    ("encoded", "plain"),
    [
        ("%3A", ":"),
        ("%2F", "/"),
        ("%3F", "?"),
        ("%40", "@"),
        ("%21", "!"),
        ("%24", "$"),
        ("%27", "'"),
        ("%28", "("),
        ("%29", ")"),
        ("%2A", "*"),
        ("%2C", ","),
        ("%3B", ";"),
    ],
)
def test_v3_decodes_these_twelve_in_either_case(encoded: str, plain: str) -> None:
    assert decoded_uri(f"{URI}?a={encoded}") == f"{URI}?a={plain}"
    assert decoded_uri(f"{URI}?a={encoded.lower()}") == f"{URI}?a={plain}"


@pytest.mark.parametrize("kept", ["%20", "%26", "%3D", "%25", "%2B", "%23", "%5B", "%5D", "%C3%A9"])
def test_v3_leaves_everything_else_encoded(kept: str) -> None:
    assert decoded_uri(f"{URI}?a={kept}") == f"{URI}?a={kept}"
