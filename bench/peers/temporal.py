"""W1-W4 of bench/workloads.py on Temporal's development server, durable (its SQLite file).

    python bench/peers/temporal.py PATH-OF-temporal [--quick]

What differs from Martlet's runs, in Temporal's favour: its tasks are functions called in threads
of one worker process, ours are processes of their own.
"""

import argparse
import asyncio
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import temporal_worker  # noqa: E402
from figures import percentile  # noqa: E402
from temporalio.client import Client  # noqa: E402

# Beyond this a workload is reported as not finished.
LIMIT_SECONDS = 300


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def connect(address):
    deadline = time.monotonic() + 60
    while True:
        try:
            return await Client.connect(address)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)


async def measure(client, quick):
    numbers = iter(range(1_000_000))

    async def run(workflow, argument):
        began = time.perf_counter()
        await client.execute_workflow(
            workflow, argument, id=f"w{next(numbers)}", task_queue=temporal_worker.QUEUE)
        return time.perf_counter() - began

    async def limited(label, count, work):
        began = time.perf_counter()
        try:
            await asyncio.wait_for(work, LIMIT_SECONDS)
        except asyncio.TimeoutError:
            print(f"{label}: not finished after {LIMIT_SECONDS} s", flush=True)
            return
        took = time.perf_counter() - began
        print(f"{label} {took:8.2f} s    {count / took:.0f}/s", flush=True)

    for x in range(5):
        await run(temporal_worker.One.run, x)
    times = [1000 * await run(temporal_worker.One.run, x) for x in range(10 if quick else 50)]
    print(f"Temporal W1 one activity        p50 {percentile(times, 0.5):8.1f} ms   "
          f"p95 {percentile(times, 0.95):.1f} ms", flush=True)
    took = await run(temporal_worker.Chain.run, 0)
    print(f"Temporal W2 chain of 40, per step    {took / 40 * 1000:8.1f} ms", flush=True)
    count = 100 if quick else 1000
    await limited(f"Temporal W3 {count} activities of one workflow", count,
                  run(temporal_worker.Wide.run, count))
    await limited(f"Temporal W4 {count} workflows of one activity", count,
                  asyncio.gather(*(run(temporal_worker.One.run, x) for x in range(count))))


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("temporal", help="the temporal program")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    arguments = parser.parse_args()
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="temporal-bench-") as folder:
        with open(pathlib.Path(folder) / "server.log", "w") as log:
            server = subprocess.Popen(
                [arguments.temporal, "server", "start-dev", "--headless", "--ip", "127.0.0.1",
                 "--port", address.rsplit(":")[1], "--db-filename", f"{folder}/temporal.db"],
                stdout=log, stderr=log)
        worker = None
        try:
            client = await connect(address)
            worker = subprocess.Popen(
                [sys.executable, temporal_worker.__file__, address], stdout=subprocess.PIPE)
            worker.stdout.readline()
            await measure(client, arguments.quick)
        finally:
            for process in (worker, server):
                if process:
                    process.terminate()
                    process.wait()


if __name__ == "__main__":
    asyncio.run(main())
