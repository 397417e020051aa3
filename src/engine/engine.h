#pragma once

#include <vector>

#include "base/clock.h"
#include "compiler/plan.h"
#include "engine/action.h"
#include "engine/event.h"
#include "engine/execution_state.h"
#include "engine/input.h"

/// The engine's four functions. Pure: no clock, randomness, I/O, log or thread; time arrives in
/// inputs. One execution each; not thread-safe.
///
///   Advance  an input happened: the state moves on, the step says what became true and what to do
///   Decide   the same without touching the given state (a copy: O(nodes))
///   Apply    one event into the state: live, at restart, in replay and in `verify`
///   Resume   what a restarted process owes the world
///
/// Each machine states its transitions as data: execution_machine.h, task_machine.h,
/// subworkflow_machine.h, launch_plan_machine.h, start_end.h. Apply takes the next phase from those
/// tables and ends the process on an edge that no table lists.
namespace martlet::engine {

/// What an input means. Events are persisted with the rows before any action runs; all of them
/// happened at the input's `at`.
struct Step {
  std::vector<Event> events;
  std::vector<Action> actions;
};

/// Decides `input` and applies the events as it goes: a cascade (start, failure, abort) is one
/// step. Total: stale, repeated or impossible inputs give an empty step, or one Fenced event. Costs
/// what it touches, except that ending a scope scans the scope once.
[[nodiscard]] Step Advance(const Plan& plan, ExecutionState& state, const Input& input);

/// As Advance, for callers that keep their state.
[[nodiscard]] Step Decide(const Plan& plan, const ExecutionState& state, const Input& input);

/// Folds one event, recorded at `at`, into the state. REQUIRES: the event follows from the state
/// (its sequence is state.sequence + 1); a broken log ends the process.
void Apply(const Plan& plan, ExecutionState& state, const Event& event, Timestamp at);

/// The actions that a process which just loaded the state owes: idempotent, and a superset of what
/// earlier steps asked for and is still unanswered. Killing what should not run any more is not
/// among them: whoever owns processes compares them with the rows.
[[nodiscard]] std::vector<Action> Resume(const Plan& plan, const ExecutionState& state);

}  // namespace martlet::engine
