"""Runs clang-tidy over our sources, what changed last first, and prints its findings.

    tools/tidy.py [--build build/release] [--newest N] [--seconds N] [--jobs N] [PATH …]

Exits 1 on a finding. A file that was clean is not looked at again until its text, that of a header
of ours below it, its compile command or `.clang-tidy` changes: stamps lie in build/tidy. One file
takes seconds, so the whole tree takes long the first time: `--newest` looks at so many files only,
`--seconds` bounds a run, which then says how many files it left. Needs a configured build with generated code in it (`make build`).
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
STAMPS = ROOT / "build/tidy"
INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"', re.MULTILINE)
# Debian's package calls it by version as well; the findings of another one would differ.
TIDY = shutil.which("clang-tidy-14") or "clang-tidy"


class Texts:
    """What a source is made of: its text and that of the headers of ours below it."""

    def __init__(self):
        self.texts = {}

    def read(self, path):
        if path not in self.texts:
            data = path.read_bytes()
            names = INCLUDE.findall(data.decode())
            below = [p for n in names for p in (ROOT / "src" / n, path.parent / n) if p.is_file()]
            self.texts[path] = (hashlib.sha256(data).hexdigest(), below)
        return self.texts[path]

    def closure(self, path):
        seen, todo = {}, [path]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen[one], below = self.read(one)
                todo += below
        return sorted(f"{p.relative_to(ROOT)} {digest}" for p, digest in seen.items())


def by_recency():
    """Every file with its place in the history, newest first; uncommitted changes are newest."""
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True,
                              check=False).stdout.splitlines()
    order = {}
    for name in git("diff", "--name-only", "HEAD") + git("log", "-n", "300", "--name-only",
                                                         "--format="):
        if name:
            order.setdefault(name, len(order))
    return order


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--newest", type=int)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("paths", nargs="*")
    arguments = parser.parse_args()

    database = ROOT / arguments.build / "compile_commands.json"
    commands = {}
    for entry in json.loads(database.read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT / "src") or path.is_relative_to(ROOT / "bench"):
            commands[path] = entry["command"]
    if arguments.paths:
        wanted = [pathlib.Path(p).resolve() for p in arguments.paths]
        if unknown := [str(path) for path in wanted if path not in commands]:
            sys.exit(f"tidy: not in {database}, configure the build again: {', '.join(unknown)}")
    else:
        order = by_recency()
        wanted = sorted(commands, key=lambda p: (order.get(str(p.relative_to(ROOT)), 1 << 30), p))
        wanted = wanted[: arguments.newest]

    texts = Texts()
    rules = (ROOT / ".clang-tidy").read_text()
    # Findings name absolute paths and the build folder, stamps do not: checkouts share them.
    stamps = {}
    for path in wanted:
        parts = [rules, commands[path].replace(str(ROOT), ""), *texts.closure(path)]
        stamps[path] = STAMPS / hashlib.sha256("\n".join(parts).encode()).hexdigest()
    STAMPS.mkdir(parents=True, exist_ok=True)
    todo = [path for path in wanted if not stamps[path].exists()]
    deadline = time.monotonic() + arguments.seconds

    def check(path):
        if time.monotonic() > deadline:
            return None
        # The compile commands are g++'s: clang knows neither `-Wshadow=local` nor its defects.
        done = subprocess.run([TIDY, "-p", arguments.build, "--quiet",
                               "--extra-arg=-Wno-everything", path],
                              cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            stamps[path].touch()
            return ""
        return done.stdout or done.stderr

    checked, findings = 0, set()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for text in pool.map(check, todo):
            checked += text is not None
            # A finding in a header comes with every source that includes it.
            if text and text not in findings:
                findings.add(text)
                print(text.replace(str(ROOT) + "/", ""), end="", flush=True)
    left = len(todo) - checked
    print(f"tidy: {len(wanted) - len(todo)} files known clean, {checked} checked, "
          f"{len(findings)} with findings" + (f", {left} left for another run" if left else ""))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
