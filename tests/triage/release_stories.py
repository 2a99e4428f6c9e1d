"""What the stories of content share: a folder of content to change, and an edition put to use in a line."""

import re
import shutil
from pathlib import Path
from typing import Any

from accounts.models import Membership
from tests.stories import Clock
from triage import releases, serving
from triage.bot.catalogue import CONTENT
from triage.bot.content import Item
from triage.models import ContentRelease

# Words that stand in the shipped content, and what a clinic might make of them.
MENU_LINE = "What would be good to do now?"
OWN_MENU_LINE = "What would be good to do next?"


def own_folder(tmp_path: Path, settings: Any) -> Path:
    """A copy of the shipped content that the service uses instead."""
    folder = tmp_path / "content"
    shutil.copytree(CONTENT, folder)
    settings.CONTENT_FOLDER = str(folder)
    serving.forget()
    serving.library_of(folder)  # as a process that started before anything was changed
    return folder


def rewrite(folder: Path, key: str, old: str, new: str, *, version: int = 0, locale: str = "en") -> Item:
    """Change one wording of an item on disk; with `version` beside the present file, as a version of its own."""
    file = folder / locale / f"{key}.toml"
    source = file.read_text(encoding="utf-8")
    assert old in source
    source = source.replace(old, new)
    if version:
        source = re.sub(r"^version = \d+$", f"version = {version}", source, flags=re.MULTILINE)
        file = file.with_name(f"{key}_{version}.toml")
    file.write_text(source, encoding="utf-8")
    return on_disk(key, locale=locale, version=version)


def on_disk(key: str, *, locale: str = "en", version: int = 0) -> Item:
    """The item as it lies on disk now, the highest version unless one is named."""
    found = [one for one in releases.library_on_disk().items if (one.key, one.locale) == (key, locale)]
    return next(one for one in found if one.version == (version or max(each.version for each in found)))


def edition(item: Item) -> tuple[str, str, int, str]:
    """What the verbs call an edition: key, locale, version, digest."""
    return item.key, item.locale, item.version, item.digest


def put_to_use(item: Item, clock: Clock, *clinicians: Membership) -> ContentRelease:
    """Let each clinician approve what lies on disk, and the first put it to use."""
    for clinician in clinicians:
        releases.approve(clinician, *edition(item), at=clock.forward(seconds=1))
    return releases.activate(clinicians[0], *edition(item), at=clock.forward(seconds=1))
