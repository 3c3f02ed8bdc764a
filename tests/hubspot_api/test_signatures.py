from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hubspot_api.errors import InvalidSignature, SignatureProblem
from hubspot_api.secret import Secret
from hubspot_api.signatures import (
    V3_DECODED,
    decode_v3_uri,
    sign_v1,
    sign_v2,
    sign_v3,
    verify_v1,
    verify_v2,
    verify_v3,
)

S = Secret("yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy")
U = "https://www.example.com/webhook_uri"
B1 = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
    b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM",'
    b'"changeFlag":"NEW","appId":54321}]'
)
B2 = b'{"example_field":"example_value"}'
B3 = b"{'example_field':'example_value'}"
QUERY = U + "?email=a%40b.co&next=%2Fx%3Fy%3D1&n=%20z"

# From HubSpot's documentation and the tests of its libraries; the last four derived from the documented rule.
V1_VECTORS = [
    (B1, "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"),
    (B3, "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750"),
]
V2_VECTORS = [
    ("GET", b"", "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"),
    ("POST", B2, "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"),
    ("POST", B3, "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383"),
]
V3_VECTORS = [
    ("POST", U, B3, 1693657560000, "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
    ("POST", U, B3, 1700000300000, "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
    ("POST", U, B1, 1564113600500, "+r3cQe2xhAmobOAMhJIrVNtvq0R4VE7rXpN8HitwqVo="),
    ("POST", U, B2, 1693657560000, "oaA3M5dEtt6kFsseJD/Hv/x+JNl1vsoxFj4oxmwP6Go="),
    ("GET", U, b"", 1693657560000, "Mqfg0iEbI6BJOwPPIPxI7vbp34DKJ0Uy9z4GLEMmRtk="),
    ("GET", QUERY, b"", 1693657560000, "anwW3SW6QLYRbwTssiu0HjJFYX8NtYpy9oDI3ZqnuV0="),
]
NOW_MS = 1693657560000


def check_v3(
    signature: str | None,
    timestamp: str | None = str(NOW_MS),
    *,
    secrets: tuple[Secret, ...] = (S,),
    method: str = "POST",
    uri: str = U,
    body: bytes = B2,
    now_ms: int = NOW_MS,
) -> int:
    return verify_v3(
        secrets, signature=signature, timestamp=timestamp, method=method, uri=uri, body=body, now=now_ms / 1000
    )


def problem_of(signature: str | None, timestamp: str | None = str(NOW_MS), now_ms: int = NOW_MS) -> SignatureProblem:
    with pytest.raises(InvalidSignature) as caught:
        check_v3(signature, timestamp, now_ms=now_ms)
    return caught.value.problem


GOOD = sign_v3(S, "POST", U, B2, str(NOW_MS))


@pytest.mark.parametrize(("body", "expected"), V1_VECTORS)
def test_v1_vectors(body: bytes, expected: str) -> None:
    assert sign_v1(S, body) == expected
    assert verify_v1([S], signature=expected, body=body) == 0


@pytest.mark.parametrize(("method", "body", "expected"), V2_VECTORS)
def test_v2_vectors(method: str, body: bytes, expected: str) -> None:
    assert sign_v2(S, method, U, body) == expected
    assert verify_v2([S], signature=expected, method=method, uri=U, body=body) == 0


@pytest.mark.parametrize(("method", "uri", "body", "timestamp", "expected"), V3_VECTORS)
def test_v3_vectors(method: str, uri: str, body: bytes, timestamp: int, expected: str) -> None:
    assert sign_v3(S, method, uri, body, str(timestamp)) == expected
    assert check_v3(expected, str(timestamp), method=method, uri=uri, body=body, now_ms=timestamp) == 0


def test_an_undecoded_address_would_sign_differently() -> None:
    decoded = U + "?email=a@b.co&next=/x?y%3D1&n=%20z"
    assert decode_v3_uri(QUERY) == decoded
    assert decode_v3_uri(decoded) == decoded


@pytest.mark.parametrize(("escape", "plain"), list(V3_DECODED.items()))
def test_each_of_the_twelve_escapes_is_decoded_in_either_case(escape: str, plain: str) -> None:
    at = sign_v3(S, "GET", f"{U}?a=1{plain}2", b"", str(NOW_MS))
    for spelled in (escape, escape.lower()):
        assert check_v3(at, method="GET", uri=f"{U}?a=1{spelled}2", body=b"") == 0


@pytest.mark.parametrize("escape", ["%20", "%26", "%3D", "%25", "%2B", "%23", "%5B", "%5D", "%C3%A9", "%253A"])
def test_every_other_escape_stays(escape: str) -> None:
    assert decode_v3_uri(f"{U}?a={escape}") == f"{U}?a={escape}"


@pytest.mark.parametrize(
    ("signature", "problem"),
    [
        (None, SignatureProblem.MISSING),
        ("", SignatureProblem.MISSING),
        (f"{GOOD},{GOOD}", SignatureProblem.DOUBLED),
        (f"{GOOD}, ", SignatureProblem.DOUBLED),
        ("é" * 44, SignatureProblem.MALFORMED),
        (GOOD[:-1], SignatureProblem.MALFORMED),
        (GOOD + "\n", SignatureProblem.MALFORMED),
        (" " + GOOD, SignatureProblem.MALFORMED),
        ("\ud800" * 44, SignatureProblem.MALFORMED),
        ("A" * 43 + "=", SignatureProblem.MISMATCH),
        (sign_v1(S, B2), SignatureProblem.MALFORMED),
    ],
)
def test_whatever_the_signature_header_holds_there_is_a_reason(
    signature: str | None, problem: SignatureProblem
) -> None:
    assert problem_of(signature) is problem


@pytest.mark.parametrize(
    ("timestamp", "problem"),
    [
        (None, SignatureProblem.TIMESTAMP_MISSING),
        ("", SignatureProblem.TIMESTAMP_MISSING),
        (f"{NOW_MS},{NOW_MS}", SignatureProblem.DOUBLED),
        ("soon", SignatureProblem.TIMESTAMP_MALFORMED),
        ("-1", SignatureProblem.TIMESTAMP_MALFORMED),
        ("1e12", SignatureProblem.TIMESTAMP_MALFORMED),
        ("NaN", SignatureProblem.TIMESTAMP_MALFORMED),
        ("１６９３６５７５６００００", SignatureProblem.TIMESTAMP_MALFORMED),
        (f"{NOW_MS}\n", SignatureProblem.TIMESTAMP_MALFORMED),
        ("9" * 5000, SignatureProblem.TIMESTAMP_MALFORMED),
        (f"{NOW_MS // 1000}", SignatureProblem.STALE),
        (f"{NOW_MS + 1}", SignatureProblem.MISMATCH),
    ],
)
def test_whatever_the_timestamp_header_holds_there_is_a_reason(
    timestamp: str | None, problem: SignatureProblem
) -> None:
    assert problem_of(GOOD, timestamp) is problem


@pytest.mark.parametrize("age_ms", [300_000, 0, -60_000])
def test_the_window_is_five_minutes_back_and_one_ahead(age_ms: int) -> None:
    assert check_v3(GOOD, now_ms=NOW_MS + age_ms) == 0


@pytest.mark.parametrize(("age_ms", "problem"), [(300_001, SignatureProblem.STALE), (-60_001, SignatureProblem.FUTURE)])
def test_a_millisecond_beyond_the_window_is_refused(age_ms: int, problem: SignatureProblem) -> None:
    assert problem_of(GOOD, now_ms=NOW_MS + age_ms) is problem


@pytest.mark.parametrize(("position", "signer"), [(0, "current"), (1, "previous")])
def test_a_rotation_accepts_both_secrets_and_says_which(position: int, signer: str) -> None:
    secrets = (Secret("current"), Secret("previous"))
    assert check_v3(sign_v3(Secret(signer), "POST", U, B2, str(NOW_MS)), secrets=secrets) == position


def test_verifying_without_a_secret_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no client secret"):
        check_v3(GOOD, secrets=())


def test_the_method_counts_but_not_its_case() -> None:
    assert check_v3(GOOD, method="post") == 0
    with pytest.raises(InvalidSignature):
        check_v3(GOOD, method="PUT")


def test_a_refusal_survives_pickling_and_names_its_reason() -> None:
    error = pickle.loads(pickle.dumps(InvalidSignature(SignatureProblem.STALE)))  # noqa: S301 - our own bytes
    assert error.problem is SignatureProblem.STALE
    assert "too old" in str(error)


@dataclass(frozen=True)
class Signed:
    secret: str
    method: str
    path: str
    body: bytes
    timestamp: str

    def source(self) -> bytes:
        return (self.method + decode_v3_uri(U + self.path)).encode() + self.body + self.timestamp.encode()

    def signature(self) -> str:
        return sign_v3(Secret(self.secret), self.method, U + self.path, self.body, self.timestamp)

    def check(self, signature: str) -> int:
        secrets = (Secret(self.secret),)
        uri = U + self.path
        return check_v3(signature, self.timestamp, secrets=secrets, method=self.method, uri=uri, body=self.body)


signed = st.builds(
    Signed,
    secret=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
    method=st.sampled_from(["GET", "POST", "PUT"]),
    path=st.text(alphabet="abc/%3fF2é?&= ", max_size=20),
    body=st.binary(max_size=60),
    timestamp=st.integers(NOW_MS - 300_000, NOW_MS + 60_000).map(str),
)


@given(original=signed, other=signed, name=st.sampled_from(["secret", "method", "path", "body", "timestamp"]))
def test_no_changed_request_is_accepted(original: Signed, other: Signed, name: str) -> None:
    changed = replace(original, **{name: getattr(other, name)})
    assume((changed.source(), changed.secret) != (original.source(), original.secret))
    assert original.check(original.signature()) == 0
    with pytest.raises(InvalidSignature):
        changed.check(original.signature())


@given(request_=signed, at=st.integers(0, 43), character=st.characters())
def test_no_changed_signature_is_accepted(request_: Signed, at: int, character: str) -> None:
    signature = request_.signature()
    changed = signature[:at] + character + signature[at + 1 :]
    assume(changed != signature)
    with pytest.raises(InvalidSignature):
        request_.check(changed)


@given(
    signature=st.one_of(st.none(), st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))),
    timestamp=st.one_of(st.none(), st.text()),
)
def test_no_header_makes_it_fail_otherwise(signature: str | None, timestamp: str | None) -> None:
    with pytest.raises(InvalidSignature):
        check_v3(signature, timestamp)
    with pytest.raises(InvalidSignature):
        verify_v1([S], signature=signature, body=B2)
    with pytest.raises(InvalidSignature):
        verify_v2([S], signature=signature, method="POST", uri=U, body=B2)
