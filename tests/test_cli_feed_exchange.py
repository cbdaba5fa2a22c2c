"""``caspian feeds import`` and ``export``: from and to other programs, all or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from service.polling.sources.opml import Opml, read_opml
from service.settings import FeedConfig, load
from tests import commands
from tests.processes import write_config

LISTED = "https://listed.example/rss"
FACTS = ("--language", "en", "--country", "IR")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, LISTED)


def run(config: Path, *arguments: str, stdin: bytes | None = None) -> Result:
    return commands.run(config, "feeds", *arguments, stdin=stdin)


def listed(config: Path) -> list[FeedConfig]:
    return list(load(config, {}).feeds)


def opml(*outlines: str) -> bytes:
    return ("<opml><body>\n" + "\n".join(outlines) + "\n</body></opml>").encode()


def outline(name: str, **facts: str) -> str:
    told = {"type": "rss", "text": name, "xmlUrl": f"https://{name.lower()}.example/rss"} | facts
    attributes = " ".join(f'{key}="{value}"' for key, value in told.items())
    return f"<outline {attributes}/>"


def test_what_is_exported_can_be_imported_elsewhere(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "feeds.opml"
    assert run(config, "export", str(file)).exit_code == 0
    (tmp_path / "other").mkdir()
    other = write_config(tmp_path / "other")
    assert run(other, "import", str(file)).exit_code == 0
    assert listed(other) == listed(config)
    again = run(other, "import", str(file))
    assert "0 added" in again.stdout
    assert "1 listed already" in again.stdout


def test_an_export_without_a_file_goes_to_standard_output(config: Path) -> None:
    result = run(config, "export")
    assert isinstance(read_opml(result.stdout_bytes), Opml)
    assert result.stderr == ""


def test_an_export_does_not_overwrite_what_may_be_something_else(config: Path) -> None:
    before = (config / "feeds.toml").read_bytes()
    result = run(config, "export", str(config / "feeds.toml"))
    assert result.exit_code == 1
    assert (config / "feeds.toml").read_bytes() == before


def test_feeds_are_imported_with_their_folders_shown_and_duplicates_counted(
    config: Path,
) -> None:
    document = opml(
        '<outline text="World">',
        outline("IRNA", language="fa", country="IR"),
        "</outline>",
        outline("IRNA"),
        outline("Tass", xmlUrl=LISTED),
        outline("Oil", weight="1.5", affiliation="public"),
    )
    result = run(config, "import", "-", *FACTS, "--weight", "0.5", stdin=document)
    assert result.exit_code == 0
    assert "World" in result.stdout
    assert f"2 added to {config / 'feeds.toml'}, 2 listed already" in result.stdout
    first, second = listed(config)[1:]
    assert (first.outlet, first.language, first.weight) == ("IRNA", "fa", 0.5)
    assert (second.country, second.weight, second.affiliation.value) == ("IR", 1.5, "public")


def test_a_broken_outline_is_told_with_its_line_and_nothing_is_written(config: Path) -> None:
    document = opml(
        outline("Good", country="GB"),
        outline("Bad", xmlUrl="ftp://x"),
        '<outline type="rss" text="Lost"/>',
        outline("Poor"),
    )
    result = run(config, "import", "-", "--language", "en", stdin=document)
    assert result.exit_code == 1
    assert "line 3: 'Bad': url 'ftp://x' is not an http(s) address" in result.stderr
    assert "line 4: the feed 'Lost' has no address (xmlUrl)" in result.stderr
    assert "line 5: 'Poor': country is missing; say --country" in result.stderr
    assert len(listed(config)) == 1
    left = run(config, "import", "-", "--language", "en", "--skip-broken", stdin=document)
    assert left.exit_code == 0
    assert left.stderr.count("left out") == 4
    assert [feed.outlet for feed in listed(config)[1:]] == ["Good"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"<opml>\n<body>\n</opml>", "line 3: mismatched tag"),
        (b"hello", "line 1: syntax error"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><opml/>', "line 1: declares entities"),
    ],
)
def test_a_broken_file_is_told_with_its_line(document: bytes, message: str, config: Path) -> None:
    result = run(config, "import", "-", stdin=document)
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(listed(config)) == 1


def test_a_dry_run_of_an_import_writes_nothing(config: Path) -> None:
    document = opml(outline("Oil"), outline("Lost", xmlUrl=""))
    arguments = ("import", "-", *FACTS, "--dry-run", "--skip-broken")
    told = json.loads(run(config, *arguments, "--json", stdin=document).stdout)
    assert [feed["outlet"] for feed in told["to_add"]] == ["Oil"]
    assert told["left_out"][0]["line"] == 3
    assert "1 would be added, 0 listed already" in run(config, *arguments, stdin=document).stdout
    assert len(listed(config)) == 1


def test_an_export_to_nowhere_is_told_with_its_mend(config: Path, tmp_path: Path) -> None:
    result = run(config, "export", str(tmp_path / "nowhere" / "x.opml"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert "mend: let its folder be writable" in result.stderr
