"""The zygote script alone, driven over its socket as the keeper drives it."""

import array
import ctypes
import json
import os
import socket
import subprocess

import pytest
from keeper_client import DEADLINE_SECONDS, PYTHON, ROOT

CHILD_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, linux/prctl.h


class Zygote:
    def __init__(self, scratch):
        ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1, 0, 0, 0)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(DEADLINE_SECONDS)
        self.process = subprocess.Popen(
            [PYTHON, str(ROOT / "python/martlet_zygote.py"), "--control", str(theirs.fileno()),
             "--scratch", str(scratch)],
            pass_fds=[theirs.fileno()])
        theirs.close()
        assert self.receive()[0].get("ready")

    def receive(self):
        text, ancillary, _, _ = self.control.recvmsg(1 << 16, socket.CMSG_SPACE(4))
        descriptors = [array.array("i", data)[0] for _, _, data in ancillary]
        return json.loads(text), descriptors

    def spawn(self, cgroup, warm):
        order = {"op": "spawn", "cgroups": [cgroup], "warm": warm}
        self.control.send(json.dumps(order).encode())
        announced, descriptors = self.receive()
        channel = socket.socket(fileno=descriptors[0])
        channel.settimeout(DEADLINE_SECONDS)
        assert channel.recv(1) == b"r"
        return announced, channel


@pytest.fixture
def zygote(tmp_path):
    started = Zygote(tmp_path / "scratch")
    yield started
    started.control.close()
    started.process.wait(timeout=DEADLINE_SECONDS)


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("refused", [False, True])
def test_a_spare_is_our_child_whether_or_not_it_can_be_born_in_its_cgroup(zygote, refused, warm):
    announced, channel = zygote.spawn("/nowhere" if refused else "", warm)
    assert announced["cgroup"] == ""
    with open(f"/proc/{announced['spare']}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    parent, session = int(fields[1]), int(fields[3])
    assert parent == os.getpid()
    assert session == announced["spare"]
    channel.close()
    _, status = os.waitpid(announced["spare"], 0)
    assert status == 0


def test_warming_leaves_the_same_few_directories_behind(zygote, tmp_path):
    left = []
    for _ in range(3):
        announced, channel = zygote.spawn("", True)
        channel.close()
        os.waitpid(announced["spare"], 0)
        left.append(sorted(str(path) for path in (tmp_path / "scratch").rglob("*")))
    assert left[0] == left[1] == left[2]
