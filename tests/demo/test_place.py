from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import place


@pytest.fixture
def area(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary area of our own that others may pass through, as the real one."""
    found = place.private_folder(f"test-area-{os.getpid()}")
    monkeypatch.setenv("TMPDIR", str(found))
    yield found
    shutil.rmtree(found)


def test_a_data_directory_has_the_same_place_at_every_start_and_no_other_has_it(area: Path) -> None:
    assert place.place_of(area / "a") == place.place_of(area / "a")
    assert place.place_of(area / "a") != place.place_of(area / "b")


def test_a_place_may_be_passed_through_but_neither_listed_nor_written(area: Path) -> None:
    assert stat.S_IMODE(place.private_folder("x").stat().st_mode) == 0o711


def test_somebody_elses_folder_is_not_taken(area: Path) -> None:
    (area / f"hubapp-{os.getuid()}-x").mkdir()
    (area / f"hubapp-{os.getuid()}-x").chmod(0o777)
    (area / f"hubapp-{os.getuid()}-y").symlink_to(area)
    for name in ("x", "y"):
        with pytest.raises(place.PlaceUnsafe):
            place.private_folder(name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root's server runs as somebody else")
def test_as_root_an_area_that_others_cannot_pass_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("TMPDIR", str(closed))
    found = place.private_folder(f"test-elsewhere-{os.getpid()}")
    found.rmdir()
    assert not found.is_relative_to(closed)


def test_places_whose_data_was_deleted_are_removed(area: Path) -> None:
    (area / "kept").mkdir()
    kept, abandoned = place.place_of(area / "kept"), place.place_of(area / "deleted")
    place.remove_abandoned()
    assert kept.exists()
    assert not abandoned.exists()
