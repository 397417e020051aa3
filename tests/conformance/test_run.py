"""Scenarios 2 to 6 and 8: `pyflyte run` of tasks and workflows, registered or not."""

from flyteidl.admin import common_pb2, launch_plan_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2

from tests.conformance import executions
from tests.conformance.clients import DOMAIN, PROJECT, WAIT


def remote(pyflyte, *arguments, **options):
    return pyflyte("run", "--remote", "-p", PROJECT, "-d", DOMAIN, *arguments, **options)


def versions(stubs, kind, name):
    request = common_pb2.ResourceListRequest(
        id=common_pb2.NamedEntityIdentifier(project=PROJECT, domain=DOMAIN, name=name), limit=100
    )
    answer = getattr(stubs.admin, f"List{kind}")(request)
    return [row.id.version for row in next(value for _, value in answer.ListFields())]


def test_a_single_task_runs_and_is_waited_for(pyflyte, stubs):
    done = remote(pyflyte, *WAIT, "wf.py", "task_add", "--a", "1")
    assert done.code == 0, done.output
    outputs = executions.succeeded(stubs, executions.name_in(done.output))
    assert outputs.literals["o0"].scalar.primitive.integer == 3


def test_a_workflow_of_chained_tasks_with_defaults_has_two_outputs(pyflyte, stubs):
    done = remote(pyflyte, *WAIT, "wf.py", "wf", "--n", "alice")
    assert done.code == 0, done.output
    name = executions.name_in(done.output)
    outputs = executions.succeeded(stubs, name)
    assert outputs.literals["text"].scalar.primitive.string_value == "hello alice"
    assert outputs.literals["length"].scalar.primitive.integer == len("hello alice")
    ids = {node.id.node_id for node in executions.nodes(stubs, name)}
    assert ids == {"start-node", "n0", "n1", "end-node"}


def test_running_unchanged_code_again_registers_nothing_new(pyflyte, stubs):
    first = remote(pyflyte, "wf.py", "wf", "--n", "again")
    assert first.code == 0, first.output
    before = versions(stubs, "Tasks", "wf.greet")
    second = remote(pyflyte, "wf.py", "wf", "--n", "again")
    assert second.code == 0, second.output
    assert versions(stubs, "Tasks", "wf.greet") == before
    names = [executions.name_in(done.output) for done in (first, second)]
    assert names[0] != names[1]
    ran = [executions.wait(stubs, name) for name in names]
    assert ran[0].closure.workflow_id == ran[1].closure.workflow_id


def test_a_failing_task_prints_its_error_and_exits_nonzero(pyflyte, stubs):
    done = remote(pyflyte, *WAIT, "wf.py", "boom", "--message", "it broke here")
    assert done.code != 0, done.output
    assert "it broke here" in done.output
    closure = executions.get(stubs, executions.name_in(done.output)).closure
    assert closure.phase == executions.Phase.FAILED
    assert closure.error.kind == core_execution_pb2.ExecutionError.USER
    assert closure.error.code == "USER:RuntimeError"
    assert "ValueError: it broke here" in closure.error.message


def test_a_given_name_is_used_once(pyflyte, stubs):
    for _ in range(2):
        done = remote(pyflyte, "--name", "fixed-name", "wf.py", "task_add", "--a", "1")
        assert done.code == 0, done.output
    assert executions.names_found(stubs, "eq(execution_name,fixed-name)") == ["fixed-name"]
    executions.succeeded(stubs, "fixed-name")


def test_registered_entities_run_by_name(pyflyte, stubs):
    place = ("-p", PROJECT, "-d", DOMAIN)
    done = pyflyte("register", *place, "--version", "v1", "wf.py")
    assert done.code == 0, done.output
    runs = {
        ("remote-task", "wf.task_add:v1", "--a", "1", "--b", "2"): ("o0", 3),
        ("remote-workflow", "wf.wf:v1", "--n", "x", "--x", "1"): ("length", 7),
        ("remote-launchplan", "wf_sched"): ("length", 3 * len("hello schedule")),
    }
    for arguments, (variable, expected) in runs.items():
        started = pyflyte("run", *place, *arguments)
        assert started.code == 0, started.output
        outputs = executions.succeeded(stubs, executions.name_in(started.output))
        assert outputs.literals[variable].scalar.primitive.integer == expected


def test_activating_a_version_deactivates_the_one_before(pyflyte, stubs):
    plan = common_pb2.NamedEntityIdentifier(project=PROJECT, domain=DOMAIN, name="wf_sched")
    for version in ("switch1", "switch2"):
        done = pyflyte(
            "register", "-p", PROJECT, "-d", DOMAIN, "--version", version, "--copy", "none",
            "--activate-launchplans", "wf.py",
        )  # fmt: skip
        assert done.code == 0, done.output
        active = stubs.admin.GetActiveLaunchPlan(launch_plan_pb2.ActiveLaunchPlanRequest(id=plan))
        assert active.id.version == version
    listed = stubs.admin.ListLaunchPlans(common_pb2.ResourceListRequest(id=plan, limit=100))
    states = {row.id.version: row.closure.state for row in listed.launch_plans}
    assert [version for version, state in states.items() if state == launch_plan_pb2.ACTIVE] == [
        "switch2"
    ]


def test_an_edited_task_under_the_same_version_is_refused(pyflyte, workflows):
    place = ("-p", PROJECT, "-d", DOMAIN, "--version", "edited", "--copy", "none")
    module = workflows / "edited.py"
    module.write_text("from flytekit import task\n\n\n@task\ndef t(x: int) -> int:\n    return x\n")
    assert pyflyte("register", *place, "edited.py").code == 0
    module.write_text(module.read_text().replace("x: int", "x: str").replace("int:", "str:"))
    refused = pyflyte("register", *place, "edited.py")
    assert refused.code != 0
    assert "different structure" in refused.output
