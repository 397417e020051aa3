"""The workloads of bench/workflows/loads.py as Temporal workflows, and the worker that runs them."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

QUEUE = "loads"
TIMEOUT = timedelta(minutes=10)


@activity.defn
def inc(x: int) -> int:
    return x + 1


@workflow.defn
class One:
    @workflow.run
    async def run(self, x: int) -> int:
        return await workflow.execute_activity(inc, x, start_to_close_timeout=TIMEOUT)


@workflow.defn
class Chain:
    @workflow.run
    async def run(self, x: int) -> int:
        for _ in range(40):
            x = await workflow.execute_activity(inc, x, start_to_close_timeout=TIMEOUT)
        return x


@workflow.defn
class Wide:
    @workflow.run
    async def run(self, count: int) -> int:
        return sum(await asyncio.gather(*(
            workflow.execute_activity(inc, 1, start_to_close_timeout=TIMEOUT)
            for _ in range(count))))


async def main():
    client = await Client.connect(sys.argv[1])
    # Threads of one process, where Martlet's tasks have a process each.
    with ThreadPoolExecutor(16) as pool:
        worker = Worker(
            client, task_queue=QUEUE, workflows=[One, Chain, Wide], activities=[inc],
            activity_executor=pool, workflow_runner=UnsandboxedWorkflowRunner(),
        )
        print("ready", flush=True)
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
