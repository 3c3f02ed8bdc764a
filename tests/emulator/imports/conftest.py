"""An app that may import."""

from __future__ import annotations

import pytest

from tests.emulator.hub import Hub
from tests.emulator.imports.importing import SCOPES


@pytest.fixture
def hub(bare: Hub) -> Hub:
    bare.app(conditional_scopes=SCOPES)
    bare.install(scopes=SCOPES)
    return bare
