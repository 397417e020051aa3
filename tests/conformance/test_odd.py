"""What people do now and then, and what they are told when it cannot be."""

import os
import subprocess
import sys

import pytest

from tests.conformance import executions
from tests.conformance.clients import DOMAIN, PROJECT, WAIT
from tests.conformance.executions import Phase

RUN = ("run", "--remote", "-p", PROJECT, "-d", DOMAIN, *WAIT)


def test_a_folder_with_empty_files_is_uploaded(pyflyte, stubs, tmp_path):
    # requests announces an empty file by `Content-Length: 0` and `Transfer-Encoding: chunked`.
    (tmp_path / "__init__.py").touch()
    (tmp_path / "text").write_text("four")
    done = pyflyte(*RUN, "odd.py", "sizes", "--folder", str(tmp_path))
    assert done.code == 0, done.output
    found = executions.succeeded(stubs, executions.name_in(done.output)).literals["o0"].map
    got = {name: size.scalar.primitive.integer for name, size in found.literals.items()}
    assert got == {"__init__.py": 0, "text": 4}


def test_an_empty_file_is_uploaded_by_flyteremote(remote, tmp_path):
    (tmp_path / "empty").touch()
    _, uri = remote.upload_file(tmp_path / "empty", PROJECT, DOMAIN)
    assert uri.endswith("/empty")
    assert os.path.getsize(uri) == 0


def test_pyflyte_may_be_started_by_a_path_with_dots(pyflyte, stubs):
    # It packs itself then, as an entry whose name leads out of the code bundle.
    program = os.path.join(os.path.dirname(sys.executable), "pyflyte")
    folder = pyflyte.folder / "below"
    folder.mkdir()
    (folder / "odd.py").write_bytes((pyflyte.folder / "odd.py").read_bytes())
    done = subprocess.run(
        [os.path.relpath(program, folder), *RUN, "odd.py", "says"],
        cwd=folder,
        env=pyflyte.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    executions.succeeded(stubs, executions.name_in(done.stdout))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        # A single task's own deadline: no node of a workflow repeats it.
        (("naps", "--seconds", "60"), "TimeoutExpired"),
        (("copies",), "inputs as files or its outputs collected from files"),
    ],
)
def test_what_cannot_be_ends_with_its_reason(pyflyte, stubs, asked, told):
    done = pyflyte(*RUN, "odd.py", *asked)
    assert done.code != 0, done.output
    closure = executions.wait(stubs, executions.name_in(done.output)).closure
    assert closure.phase == Phase.FAILED
    assert told in closure.error.code + closure.error.message


@pytest.mark.parametrize("workflow", ["clashes_at_once", "clashes_later"])
def test_ids_that_clash_end_with_a_reason(pyflyte, workflow):
    done = pyflyte(*RUN, "odd.py", workflow)
    assert done.code != 0
    assert "have the same id" in done.output
