"""`job=doctor`: what is well is said to be, and each thing that can be wrong is found and says what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from anchoreval.cli import main
from anchoreval.jobs import doctor, doctor_disk, doctor_machine, doctor_self_test, doctor_software
from anchoreval.jobs.doctor_findings import NOTE, OK, PROBLEM, Finding, printable
from anchoreval.pocket.shipped import load

WELL = [Finding(OK, "cores", "2")]


def by_topic(findings: list[Finding]) -> dict[str, Finding]:
    return {one.topic: one for one in findings}


def test_a_sound_machine_is_usable_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["job=doctor"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["state", "what", "found"]
    assert "162 models x 2,004 items, whole" in out
    assert out.splitlines()[-1].startswith("usable: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.perf
def test_it_takes_less_than_three_seconds_of_the_processor(tmp_path: Path) -> None:
    before = os.times()
    subprocess.run([sys.executable, "-m", "anchoreval", "job=doctor"], cwd=tmp_path, check=True, capture_output=True)
    after = os.times()
    assert after.children_user - before.children_user < 3.5


def test_a_problem_is_an_exit_status_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = Finding(PROBLEM, "results", "cannot be written to", "give results=<folder>")
    monkeypatch.setattr(doctor, "examine", lambda results: [*WELL, bad])
    assert main(["job=doctor", f"into={tmp_path}"]) == 1
    said = capsys.readouterr()
    assert "results: give results=<folder>" in said.out
    assert said.err.splitlines() == [
        "anchoreval: error: 1 things are as they should be, 0 notes, 1 problems; first: results: cannot be written to"
    ]
    document = json.loads((tmp_path / "doctor.json").read_text())
    assert document["usable"] is False
    assert [one["state"] for one in document["findings"]] == [OK, PROBLEM]


def test_keys_of_imports_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job=doctor", "path=x"]) == 2
    assert "path=x is for job=import" in capsys.readouterr().err


def test_text_of_strangers_moves_no_cursor() -> None:
    assert printable("a\x1b[2Jb\n c") == "a?[2Jb c"


# --- software -------------------------------------------------------------------------------------------------------


class Package:
    """What `importlib.metadata.distribution` returns, as far as it is read."""

    def __init__(self, name: str, version: str, requires: list[str], extras: tuple[str, ...] = ()) -> None:
        self.name, self.version, self.requires, self.extras = name, version, requires, extras
        self.metadata = self

    def get_all(self, key: str, default: list[str]) -> list[str]:
        return {"Provides-Extra": list(self.extras), "Requires-Python": [">=3.11"]}.get(key, default)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[str, Package]:
    """Packages that are installed, by name."""
    packages = {
        "anchoreval": Package(
            "anchoreval",
            "0.1.0",
            ["arrays>=2", "gone>=1", 'server[web]>=1; extra == "api"', 'old; python_version < "3"'],
            ("api",),
        ),
        "arrays": Package("arrays", "1.9", []),
        "server": Package("server", "1.2", ['sockets; extra == "web"', "always"], ("web",)),
    }
    monkeypatch.setattr(doctor_software, "_installed", packages.get)
    return packages


def test_versions_are_held_against_what_is_asked(world: dict[str, Package]) -> None:
    found = by_topic(list(doctor_software.versions()))
    assert found["Python"].state == OK
    assert (found["arrays"].state, found["arrays"].text) == (PROBLEM, "1.9 (needs >=2)")
    assert found["arrays"].remedy == "pip install 'arrays>=2'"
    assert (found["gone"].state, found["gone"].text) == (PROBLEM, "not installed (needs >=1)")
    assert "old" not in found
    world["arrays"].version = "2.1"
    assert by_topic(list(doctor_software.versions()))["arrays"].state == OK


def test_an_extra_lacks_what_its_packages_extras_lack(world: dict[str, Package]) -> None:
    found = by_topic(list(doctor_software.extras()))["extra api"]
    assert (found.state, found.text) == (NOTE, "not installed (lacks sockets)")
    assert found.remedy == "pip install 'anchoreval[api]'"
    world["sockets"] = Package("sockets", "3", [])
    assert by_topic(list(doctor_software.extras()))["extra api"].state == OK


def test_a_package_that_asks_for_its_own_extra_ends(world: dict[str, Package]) -> None:
    world["loop"] = Package("loop", "1", ['loop[all]; extra == "all"', 'absent; extra == "all"'])
    assert doctor_software._lacking(Requirement("loop[all]")) == ["absent"]


def test_without_an_installation_there_is_nothing_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_software, "_installed", lambda name: None)
    assert [one.state for one in doctor_software.versions()] == [OK, NOTE]
    assert not list(doctor_software.extras())


def test_plug_ins_that_do_not_load_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {
        "anchoreval.selectors": [
            EntryPoint("good", "json:loads", "anchoreval.selectors"),
            EntryPoint("broken", "no_such_module:Thing", "anchoreval.selectors"),
        ]
    }
    monkeypatch.setattr(doctor_software, "entry_points", lambda group: groups.get(group, []))
    found = by_topic(list(doctor_software.plugins()))
    assert found["selector good"].state == OK
    assert found["selector broken"].state == PROBLEM
    assert "ModuleNotFoundError: No module named 'no_such_module'" in found["selector broken"].text
    assert found["policies"].state == PROBLEM, "our own are missing"


def test_a_name_that_two_packages_take_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [EntryPoint("disco", value, "anchoreval.selectors") for value in ("json:loads", "json:dumps")]
    providers = {"json:loads": "one", "json:dumps": "two"}
    monkeypatch.setattr(doctor_software, "entry_points", lambda group: entries)
    monkeypatch.setattr(doctor_software, "_provider", lambda entry: providers[entry.value])
    twice = [one for one in doctor_software.plugins() if "registered by one and two" in one.text]
    assert {one.state for one in twice} == {PROBLEM}


# --- machine --------------------------------------------------------------------------------------------------------


def test_offline_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in doctor_machine.OFFLINE:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", "/cache")
    [found] = doctor_machine.offline_switches()
    assert found.state == OK
    assert "/cache" in found.text
    monkeypatch.delenv("HF_DATASETS_OFFLINE")
    [found] = doctor_machine.offline_switches()
    assert (found.state, found.remedy) == (NOTE, "without a network: export HF_DATASETS_OFFLINE=1")
    for name in doctor_machine.OFFLINE:
        monkeypatch.setenv(name, "0")
    assert "none is set" in next(iter(doctor_machine.offline_switches())).text


@pytest.mark.parametrize("version", [1, 2])
def test_limits_of_control_groups(tmp_path: Path, version: int) -> None:
    assert doctor_machine.cpu_limit(tmp_path) is None
    assert doctor_machine.memory_limit(tmp_path) is None
    files = (
        {"cpu.max": "150000 100000\n", "memory.max": "1048576\n"}
        if version == 2
        else {
            "cpu/cpu.cfs_quota_us": "150000",
            "cpu/cpu.cfs_period_us": "100000",
            "memory/memory.limit_in_bytes": "1048576",
        }
    )
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert doctor_machine.cpu_limit(tmp_path) == 1.5
    assert doctor_machine.memory_limit(tmp_path) == 2**20


def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert doctor_machine.cpu_limit(tmp_path) is None
    assert doctor_machine.memory_limit(tmp_path) is None


def test_less_time_than_cores_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpu.max").write_text("200000 100000\n")
    monkeypatch.setattr(doctor_machine, "cores", lambda: 8)
    found = next(iter(doctor_machine.threads(tmp_path)))
    assert found.state == NOTE
    assert found.remedy == "set compare.workers=2 and OMP_NUM_THREADS=2"


def test_little_memory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for available, state in ((8 << 30, OK), (1 << 30, NOTE), (100 << 20, PROBLEM)):
        monkeypatch.setattr(doctor_machine, "_machine_memory", lambda a=available: (16 << 30, a))
        assert [one.state for one in doctor_machine.memory(tmp_path)] == [state]
    (tmp_path / "memory.max").write_text(str(1 << 30))
    monkeypatch.setattr(doctor_machine, "_machine_memory", lambda: (16 << 30, 8 << 30))
    [found] = doctor_machine.memory(tmp_path)
    assert found.state == NOTE
    assert "allows 1.0 GiB" in found.text


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "a / ext4 rw 0 0\nb /data nfs4 rw 0 0\nc /data/fast\\040disk xfs rw 0 0\nd /data/m tmpfs rw 0 0\n"
    )
    for place, kind in (("/home", "ext4"), ("/data/x", "nfs4"), ("/data/fast disk/y", "xfs"), ("/database", "ext4")):
        assert doctor_disk.file_system(Path(place), mounts) == kind
    assert doctor_disk.file_system(Path("/x"), tmp_path / "absent") == ""


@pytest.mark.parametrize(("kind", "state"), [("ext4", OK), ("nfs4", NOTE), ("tmpfs", NOTE), ("", None)])
def test_network_and_memory_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, state: str) -> None:
    monkeypatch.setattr(doctor_disk, "file_system", lambda place: kind)
    found = by_topic(list(doctor_disk.disk(tmp_path))).get("file system")
    assert (found.state if found else None) == state


def test_a_place_without_room_or_that_is_a_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    assert by_topic(list(doctor_disk.disk(tmp_path / "file")))["results"].state == PROBLEM
    assert "to be made in" in by_topic(list(doctor_disk.disk(tmp_path / "new" / "er")))["results"].text
    for free, state in ((10 << 30, OK), (1 << 30, NOTE), (1 << 20, PROBLEM)):
        monkeypatch.setattr(doctor_disk.shutil, "disk_usage", lambda place, f=free: type("Usage", (), {"free": f}))
        assert by_topic(list(doctor_disk.disk(tmp_path)))["room for results"].state == state


# --- the self-test --------------------------------------------------------------------------------------------------


def test_the_self_test_measures_a_small_error_in_a_second() -> None:
    begin = time.process_time()
    error = doctor_self_test.chain_error(load())
    assert 0.0 < error < 0.08
    assert time.process_time() - begin < 3.0


def test_a_damaged_pocket_and_a_chain_that_fails_are_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("broken\nlinear algebra")

    monkeypatch.setattr(doctor_self_test, "select", fail)
    found = by_topic(doctor_self_test.self_test())
    assert found["pocket"].state == OK
    assert (found["self-test"].state, found["self-test"].text) == (PROBLEM, "ValueError: broken\nlinear algebra")
    monkeypatch.setattr(doctor_self_test, "chain_error", lambda matrix: float("nan"))
    assert by_topic(doctor_self_test.self_test())["self-test"].state == PROBLEM


def test_damaged_files_of_pocket_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor_self_test, "load", lambda: load(tmp_path))
    [found] = doctor_self_test.self_test()
    assert found.state == PROBLEM
    assert "items.parquet" in found.text
