"""W1-W4 on a fresh server, each beside its floor measured in the same run.

    W1  one warm trivial task: from FlyteRemote.execute to outputs in the client's hands
    W2  a chain of 40 light tasks, per step, and what each step wrote
    W3  1,000 small tasks of one execution
    W4  1,000 executions of one task each

    python bench/workloads.py [--quick]

Floors: one durable append, a bare interpreter, `import flytekit`. Every figure is of this machine
at this moment; ratios carry further.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from figures import percentile  # noqa: E402

from tests.conformance import clients  # noqa: E402
from tests.conformance.server import Server  # noqa: E402

TERMINAL = {4, 6, 7, 8}
SUCCEEDED = 4


def milliseconds(command, runs=5):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def sync_milliseconds(folder, runs=200):
    path = pathlib.Path(folder) / "sync-probe"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(runs):
            start = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - start) * 1000)
    path.unlink()
    return statistics.median(times)


def metrics(address):
    with urllib.request.urlopen(f"http://{address}/metrics") as reply:
        lines = [line.split() for line in reply.read().decode().splitlines()]
    return {line[0]: float(line[1]) for line in lines if len(line) == 2}


class Load:
    def __init__(self, remote):
        self.remote = remote
        self.client = remote.client
        self.plans = {}

    def plan(self, name):
        if name not in self.plans:
            self.plans[name] = self.remote.fetch_launch_plan(name=f"loads.{name}")
        return self.plans[name]

    def launch(self, name, x):
        return self.remote.execute(self.plan(name), inputs={"x": x}).id

    def wait(self, execution_id, pause=0.002):
        while True:
            found = self.client.get_execution(execution_id)
            if found.closure.phase in TERMINAL:
                assert found.closure.phase == SUCCEEDED, found.closure.error
                return
            time.sleep(pause)

    def run(self, name, x, pause=0.002):
        self.plan(name)
        start = time.perf_counter()
        execution_id = self.launch(name, x)
        self.wait(execution_id, pause)
        data = self.client.get_execution_data(execution_id)
        took = time.perf_counter() - start
        return took, data.full_outputs.literals["o0"].scalar.primitive.integer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    quick = parser.parse_args().quick
    python = [sys.executable, "-c"]
    with tempfile.TemporaryDirectory(prefix="martlet-bench-") as folder:
        sync = sync_milliseconds(folder)
        bare = milliseconds([*python, "pass"])
        flytekit = milliseconds([*python, "import flytekit"], runs=3)
        print(f"floor: append 4 KiB + fdatasync      {sync:8.2f} ms")
        print(f"floor: python -c pass                {bare:8.1f} ms")
        print(f"floor: python -c 'import flytekit'   {flytekit:8.1f} ms   load {os.getloadavg()[0]:.1f}")

        root = pathlib.Path(folder)
        start = time.perf_counter()
        server = Server(root / "server").start()
        cold = (time.perf_counter() - start) * 1000
        try:
            print(f"cold start to the ready file         {cold:8.1f} ms   {cold / bare:.1f} x python -c pass")
            pyflyte = clients.Pyflyte(server.address, root / "home", REPOSITORY / "bench/workflows")
            done = pyflyte("register", "--version", "bench", "loads.py")
            assert done.code == 0, done.output
            for _ in range(300):
                urllib.request.urlopen(f"http://{server.address}/api/v1/projects").read()
            print(f"server memory after 300 requests     {server.resident_bytes() / 2**20:8.1f} MiB")
            load = Load(clients.remote(server.address, root / "client"))
            for x in range(5):
                load.run("one", x)

            times = [load.run("one", x)[0] * 1000 for x in range(10 if quick else 50)]
            median = percentile(times, 0.5)
            print(f"W1 one warm task                p50 {median:8.1f} ms   p95 {percentile(times, 0.95):.1f} ms"
                  f"   {100 * median / flytekit:.1f} % of importing flytekit")

            before = metrics(server.address)
            took, result = load.run("chain", 0)
            after = metrics(server.address)
            assert result == 40
            transactions, commits = (
                (after[name] - before[name]) / 40
                for name in ("martlet_store_transactions", "martlet_store_commits"))
            print(f"W2 chain of 40, per step             {took / 40 * 1000:8.1f} ms   {took / 40 * 1000 / sync:.0f} syncs"
                  f"   {transactions:.2f} transactions, {commits:.2f} commits a step")

            name, count = ("wide_100", 100) if quick else ("wide_1000", 1000)
            took, _ = load.run(name, 1, pause=0.02)
            print(f"W3 {count} tasks of one execution     {took:8.2f} s    {count / took:.0f} tasks/s")

            count = 100 if quick else 1000
            start = time.perf_counter()
            ids = [load.launch("one", x) for x in range(count)]
            for execution_id in ids:
                load.wait(execution_id, pause=0.01)
            took = time.perf_counter() - start
            print(f"W4 {count} executions of one task     {took:8.2f} s    {count / took:.0f} executions/s")
            print(f"server memory                        {server.resident_bytes() / 2**20:8.1f} MiB")
        finally:
            server.close()


if __name__ == "__main__":
    main()
