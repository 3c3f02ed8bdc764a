"""Let go of an old encryption key: python manage.py rewrap_keys."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.db import transaction

from installations.credentials import sentinels, vault
from installations.credentials.vault import VaultError
from installations.management.kinds import WritingCommand
from installations.models import DataKey

_SEALED = ("secret", "seed")  # what authenticators hold sealed: of a TOTP app, of recovery codes


class Command(WritingCommand):
    help = (
        "Wrap every portal's data key, and every second factor of staff, with the first of ENCRYPTION_KEYS. The app "
        "may run meanwhile, and an interrupted run is simply started again. Then the other keys can be taken out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forget", metavar="ID", help="a key that is lost: its portals have to be connected anew")

    def prove_keys(self, options: dict[str, Any]) -> None:
        with transaction.atomic():  # one that is forgotten by mistake comes back when the others are wrong
            if options["forget"]:
                sentinels.let_go([options["forget"]])
            super().prove_keys(options)

    def handle(self, *_: Any, **__: Any) -> None:
        rewrapped, failed = 0, 0
        for data_key in _data_keys(vault.key_ring().first):
            try:
                rewrapped += vault.rewrap(data_key)
            except VaultError as error:
                failed += 1
                self.stderr.write(f"{data_key.portal}: {error}")
        factors = sum(_reseal(pk) for pk in Authenticator.objects.values_list("pk", flat=True))
        self.stdout.write(
            f"Wrapped {rewrapped} data keys and {factors} second factors with {vault.key_ring().first!r}."
        )
        if failed:
            raise SystemExit(f"{failed} data keys could not be unwrapped: keep the keys that wrapped them.")
        sentinels.let_go(key_id for key_id in vault.key_ring().keys if key_id != vault.key_ring().first)


def _data_keys(first: str) -> Iterator[DataKey]:
    others = DataKey.objects.filter(destroyed_at=None).exclude(wrapped_by=first).select_related("portal")
    return others.iterator(chunk_size=500)


def _reseal(pk: int) -> bool:
    """Seal one authenticator's secrets anew, if another key sealed them."""
    with transaction.atomic():
        authenticator = Authenticator.objects.select_for_update().get(pk=pk)
        sealed = [name for name in _SEALED if name in authenticator.data]
        first = f"{vault.key_ring().first}."
        old = [name for name in sealed if not authenticator.data[name].startswith(first)]
        for name in old:
            plain = get_adapter().decrypt(authenticator.data[name])
            authenticator.data[name] = get_adapter().encrypt(plain)
        authenticator.save(update_fields=["data"])
    return bool(old)
