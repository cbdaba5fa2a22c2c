"""Digests as files: HTML to open, text, and JSON for scripts."""

from __future__ import annotations

import json
import re
from pathlib import Path

from service.errors import DeliveryError
from service.records import Delivery, Rendered


class FileSender:
    """Writes digests into a folder, and the latest of each subscription under a fixed name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, delivery: Delivery, rendered: Rendered) -> None:
        """Write the three files. Sent again, they are written again with the same content."""
        digest = delivery.digest
        stem = f"{digest.subscription}-{digest.until:%Y%m%dT%H%M%SZ}"
        faces = {
            "html": rendered.html,
            "txt": rendered.text,
            "json": json.dumps(rendered.document, ensure_ascii=False, indent=2) + "\n",
        }
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            names = [stem]
            if not self._has_later(digest.subscription, stem):
                names.append(f"{digest.subscription}-latest")
            for ending, content in faces.items():
                for name in names:
                    # Whole or not at all: a reader never opens half a digest.
                    part = self._folder / f".{name}.{ending}.part"
                    part.write_text(content, encoding="utf-8")
                    part.replace(self._folder / f"{name}.{ending}")
        except OSError as error:
            raise DeliveryError(
                f"cannot write to {self._folder}: {error}",
                permanent=False,
                code="file",
                mend="free space, or make data_dir writable",
            ) from error

    def _has_later(self, subscription: str, stem: str) -> bool:
        """Tell whether a later digest is there: one that was held up must not replace it."""
        dated = re.compile(rf"{re.escape(subscription)}-\d{{8}}T\d{{6}}Z")
        stems = (path.stem for path in self._folder.glob(f"{subscription}-*.json"))
        return any(dated.fullmatch(name) and name > stem for name in stems)
