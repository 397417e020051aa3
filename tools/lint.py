"""Checks of the tree that no compiler makes. Prints what is wrong and exits 1, or prints nothing.

  layers   an include between rooms that tools/layers.txt does not allow
  seams    a raw call to the clock, randomness, threads of the pure core, … outside its seam
  size     a source file over the hard limit
  names    file names that say nothing (util, helper, manager, common)
  guard    a header without `#pragma once`
  comments marks such as FIXME, or a TODO without a reason
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
LINES_MAX = 600

# Folders that are functions of their inputs: no clock, I/O, randomness, threads, logs.
PURE = {"compiler", "engine", "literals"}

# Raw calls and the files that may make them, because they are the seam's production side.
SEAMS = [
    (r"\b(system_clock|steady_clock|high_resolution_clock)::now\b", {"base/clock.cc", "simulation/simulate_main.cc"}),
    (r"\b(clock_gettime|gettimeofday)\s*\(", {"base/clock.cc"}),
    (r"\bstd::(random_device|mt19937|default_random_engine)\b|\b(rand|srand|getrandom)\s*\(",
     {"base/random.cc"}),
    (r"#include\s*<curl/", {"net/curl_network.cc"}),
]
PURE_BANNED = [
    r"#include\s*<(thread|mutex|fstream|chrono_io|filesystem|random|condition_variable)>",
    r"#include\s*\"base/(log|files|clock_system|random)\.h\"",
    r"\bgetenv\s*\(",
]
VAGUE_NAMES = re.compile(r"(^|_)(util|utils|helper|helpers|manager|common|misc)(_|\.|$)")


def read_layers():
    allowed = {}
    for line in (ROOT / "tools/layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            room, _, others = line.partition(":")
            allowed[room.strip()] = {room.strip(), *others.split()}
    return allowed


def is_test(relative):
    return relative.stem.endswith("_test") or "testing" in relative.parts


def check_file(path, allowed, problems):
    relative = path.relative_to(SRC)
    room = relative.parts[0]
    text = path.read_text()
    lines = text.splitlines()

    def report(number, message):
        problems.append(f"src/{relative}:{number}: {message}")

    if room not in allowed:
        report(1, f"room '{room}' is not in tools/layers.txt")
        return
    if path.suffix == ".h" and "#pragma once" not in text:
        report(1, "header without #pragma once")
    if len(lines) > LINES_MAX:
        report(1, f"{len(lines)} lines, at most {LINES_MAX}: split it")
    if VAGUE_NAMES.search(relative.name):
        report(1, "a file name that says nothing: name the idea")
    for number, line in enumerate(lines, 1):
        include = re.match(r'\s*#include\s+"([^"]+)"', line)
        if include:
            other = include.group(1).split("/")[0]
            if other in allowed and other not in allowed[room] and not is_test(relative):
                report(number, f"'{room}' may not include '{other}' (tools/layers.txt)")
        if re.search(r"\b(FIXME|XXX|HACK)\b", line) or re.search(r"\bTODO\b(?!\([a-z-]+\): \S)", line):
            report(number, "a mark without a reason: TODO(topic): why and what")
        if is_test(relative):
            continue
        for pattern, seam in SEAMS:
            if re.search(pattern, line) and str(relative) not in seam:
                report(number, f"raw call of a seam: {line.strip()}")
        if room in PURE:
            for pattern in PURE_BANNED:
                if re.search(pattern, line):
                    report(number, f"not in the pure core: {line.strip()}")


def main():
    allowed = read_layers()
    problems = []
    for path in sorted(SRC.rglob("*")):
        if path.suffix in {".h", ".cc"}:
            check_file(path, allowed, problems)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
