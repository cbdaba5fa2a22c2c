"""Every fetcher reads the certificates of the system; for these tests a file of one will do."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme


@pytest.fixture(scope="session")
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("certificates") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(autouse=True)
def _few_certificates(monkeypatch: pytest.MonkeyPatch, one_certificate: Path) -> None:
    # What takes 30 ms with the hundred of a usual system, two hundred times.
    monkeypatch.setenv("SSL_CERT_FILE", str(one_certificate))
