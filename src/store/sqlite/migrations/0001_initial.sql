-- The first schema. Tables, columns, keys and indexes are those of store/schema.cc; a test compares.
--
-- STRICT: a cell holds its column's type or nothing. WITHOUT ROWID where rows are small or read in
-- the order of their key: one tree instead of two.

CREATE TABLE "execution" (
  "id" INTEGER NOT NULL,
  "project" TEXT NOT NULL,
  "domain" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "phase" INTEGER NOT NULL,
  "version" INTEGER NOT NULL,
  "epoch" INTEGER NOT NULL,
  "sequence" INTEGER NOT NULL,
  "chain" BLOB NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "started_at" INTEGER,
  "ended_at" INTEGER,
  "duration" INTEGER,
  "launch_entity" TEXT NOT NULL,
  "launch_plan_project" TEXT,
  "launch_plan_domain" TEXT,
  "launch_plan_name" TEXT,
  "launch_plan_version" TEXT,
  "workflow_project" TEXT NOT NULL,
  "workflow_domain" TEXT NOT NULL,
  "workflow_name" TEXT NOT NULL,
  "workflow_version" TEXT NOT NULL,
  "task_project" TEXT,
  "task_domain" TEXT,
  "task_name" TEXT,
  "task_version" TEXT,
  "closure_digest" BLOB NOT NULL,
  "inputs_uri" TEXT,
  "user_inputs_uri" TEXT,
  "outputs_uri" TEXT,
  "error_code" TEXT,
  "error_kind" TEXT,
  "error_uri" TEXT,
  "error_worker" TEXT,
  "error_at" INTEGER,
  "abort_principal" TEXT,
  "user" TEXT NOT NULL,
  "mode" INTEGER NOT NULL,
  "cluster" TEXT NOT NULL,
  "state" INTEGER NOT NULL,
  "state_changed_at" INTEGER,
  "state_principal" TEXT,
  "parent_execution" INTEGER,
  "parent_path" TEXT,
  "parent_attempt" INTEGER,
  "parent_epoch" INTEGER,
  "source_execution" INTEGER,
  "due_at" INTEGER,
  "witness" TEXT,
  "abort_cause" TEXT,
  "error_message" TEXT,
  "inputs" BLOB,
  "user_inputs" BLOB,
  "outputs" BLOB,
  "engine" BLOB,
  "spec" BLOB NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT execution_witness CHECK (("phase" IN (4, 6, 7, 8)) = ("witness" IS NULL))
) STRICT;
CREATE UNIQUE INDEX "execution_name" ON "execution" ("project", "domain", "name");
CREATE INDEX "execution_created" ON "execution" ("project", "domain", "state", "created_at");
CREATE INDEX "execution_phase" ON "execution" ("project", "domain", "phase", "created_at");
CREATE INDEX "execution_launch_plan"
  ON "execution" ("launch_plan_project", "launch_plan_domain", "launch_plan_name", "phase");
CREATE INDEX "execution_workflow"
  ON "execution" ("workflow_project", "workflow_domain", "workflow_name", "created_at");
CREATE INDEX "execution_parent"
  ON "execution" ("parent_execution") WHERE "parent_execution" IS NOT NULL;
CREATE INDEX "execution_unfinished" ON "execution" ("id") WHERE "witness" IS NOT NULL;
CREATE TRIGGER "execution_terminal" BEFORE UPDATE OF "phase" ON "execution"
  WHEN OLD."phase" IN (4, 6, 7, 8) AND NEW."phase" <> OLD."phase"
  BEGIN SELECT RAISE(ABORT, 'execution_terminal'); END;

CREATE TABLE "node_execution" (
  "execution" INTEGER NOT NULL,
  "path" TEXT NOT NULL,
  "node_id" TEXT NOT NULL,
  "spec_node_id" TEXT NOT NULL,
  "parent_path" TEXT,
  "parent_attempt" INTEGER,
  "retry_group" TEXT NOT NULL,
  "phase" INTEGER NOT NULL,
  "attempt" INTEGER NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "started_at" INTEGER,
  "ended_at" INTEGER,
  "duration" INTEGER,
  "is_parent" INTEGER NOT NULL,
  "is_dynamic" INTEGER NOT NULL,
  "is_array" INTEGER NOT NULL,
  "cache_status" INTEGER,
  "child_name" TEXT,
  "closure_digest" BLOB,
  "inputs_uri" TEXT,
  "outputs_uri" TEXT,
  "deck_uri" TEXT,
  "checkpoint_uri" TEXT,
  "error_code" TEXT,
  "error_kind" TEXT,
  "error_uri" TEXT,
  "error_worker" TEXT,
  "error_at" INTEGER,
  "due_at" INTEGER,
  "witness" TEXT,
  "error_message" TEXT,
  "state" BLOB,
  PRIMARY KEY ("execution", "path"),
  CONSTRAINT node_execution_witness CHECK (("phase" IN (3, 5, 6, 7, 8, 10)) = ("witness" IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX "node_execution_id" ON "node_execution" ("execution", "node_id");
CREATE INDEX "node_execution_parent" ON "node_execution" ("execution", "parent_path");
CREATE INDEX "node_execution_unfinished"
  ON "node_execution" ("execution") WHERE "witness" IS NOT NULL;
CREATE TRIGGER "node_execution_terminal" BEFORE UPDATE OF "phase" ON "node_execution"
  WHEN OLD."phase" IN (3, 5, 6, 7, 8, 10) AND NEW."phase" <> OLD."phase"
  BEGIN SELECT RAISE(ABORT, 'node_execution_terminal'); END;

CREATE TABLE "attempt" (
  "execution" INTEGER NOT NULL,
  "path" TEXT NOT NULL,
  "attempt" INTEGER NOT NULL,
  "phase" INTEGER NOT NULL,
  "phase_version" INTEGER NOT NULL,
  "task_project" TEXT NOT NULL,
  "task_domain" TEXT NOT NULL,
  "task_name" TEXT NOT NULL,
  "task_version" TEXT NOT NULL,
  "task_type" TEXT NOT NULL,
  "executor_instance" TEXT,
  "generated_name" TEXT NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "started_at" INTEGER,
  "ended_at" INTEGER,
  "duration" INTEGER,
  "inputs_uri" TEXT,
  "outputs_uri" TEXT,
  "deck_uri" TEXT,
  "log_uri" TEXT,
  "error_code" TEXT,
  "error_kind" TEXT,
  "error_uri" TEXT,
  "error_worker" TEXT,
  "error_at" INTEGER,
  "due_at" INTEGER,
  "witness" TEXT,
  "error_message" TEXT,
  "state" BLOB,
  PRIMARY KEY ("execution", "path", "attempt"),
  CONSTRAINT attempt_witness CHECK (("phase" IN (3, 4, 5, 8)) = ("witness" IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX "attempt_unfinished" ON "attempt" ("execution") WHERE "witness" IS NOT NULL;
CREATE TRIGGER "attempt_terminal" BEFORE UPDATE OF "phase" ON "attempt"
  WHEN OLD."phase" IN (3, 4, 5, 8) AND NEW."phase" <> OLD."phase"
  BEGIN SELECT RAISE(ABORT, 'attempt_terminal'); END;

CREATE TABLE "event" (
  "execution" INTEGER NOT NULL,
  "sequence" INTEGER NOT NULL,
  "at" INTEGER NOT NULL,
  "hash" BLOB NOT NULL,
  "payload" BLOB NOT NULL,
  PRIMARY KEY ("execution", "sequence")
) STRICT, WITHOUT ROWID;

CREATE TABLE "outbox" (
  "id" INTEGER NOT NULL,
  "kind" TEXT NOT NULL,
  "source" INTEGER,
  "destination" INTEGER,
  "dedup" TEXT,
  "tries" INTEGER NOT NULL,
  "created_at" INTEGER NOT NULL,
  "due_at" INTEGER NOT NULL,
  "payload" BLOB NOT NULL,
  PRIMARY KEY ("id")
) STRICT;
CREATE UNIQUE INDEX "outbox_dedup" ON "outbox" ("dedup");
CREATE INDEX "outbox_due" ON "outbox" ("due_at");
CREATE INDEX "outbox_destination" ON "outbox" ("destination");

CREATE TABLE "ledger" (
  "name" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "execution" INTEGER,
  "path" TEXT,
  "attempt" INTEGER,
  "created_at" INTEGER NOT NULL,
  "due_at" INTEGER,
  "detail" BLOB,
  PRIMARY KEY ("name")
) STRICT, WITHOUT ROWID;
CREATE INDEX "ledger_execution" ON "ledger" ("execution");

CREATE TABLE "execution_tag" (
  "execution" INTEGER NOT NULL,
  "key" TEXT NOT NULL,
  "value" TEXT NOT NULL,
  PRIMARY KEY ("execution", "key", "value")
) STRICT, WITHOUT ROWID;
CREATE INDEX "execution_tag_key" ON "execution_tag" ("key", "value");

CREATE TABLE "signal" (
  "execution" INTEGER NOT NULL,
  "signal_id" TEXT NOT NULL,
  "path" TEXT,
  "type" BLOB NOT NULL,
  "value" BLOB,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  PRIMARY KEY ("execution", "signal_id")
) STRICT, WITHOUT ROWID;

CREATE TABLE "project" (
  "id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "state" INTEGER NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "description" TEXT NOT NULL,
  "labels" BLOB NOT NULL,
  PRIMARY KEY ("id")
) STRICT;

CREATE TABLE "task" (
  "project" TEXT NOT NULL,
  "domain" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "short_description" TEXT NOT NULL,
  "digest" BLOB NOT NULL,
  "record" BLOB NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "spec" BLOB NOT NULL,
  "closure" BLOB NOT NULL,
  PRIMARY KEY ("project", "domain", "name", "version")
) STRICT;
CREATE INDEX "task_created" ON "task" ("project", "domain", "created_at");
CREATE INDEX "task_name_created" ON "task" ("project", "domain", "name", "created_at");

CREATE TABLE "workflow" (
  "project" TEXT NOT NULL,
  "domain" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "short_description" TEXT NOT NULL,
  "closure_digest" BLOB NOT NULL,
  "digest" BLOB NOT NULL,
  "record" BLOB NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "typed_interface" BLOB NOT NULL,
  "spec" BLOB NOT NULL,
  PRIMARY KEY ("project", "domain", "name", "version")
) STRICT;
CREATE INDEX "workflow_created" ON "workflow" ("project", "domain", "created_at");
CREATE INDEX "workflow_name_created" ON "workflow" ("project", "domain", "name", "created_at");

CREATE TABLE "launch_plan" (
  "project" TEXT NOT NULL,
  "domain" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "state" INTEGER NOT NULL,
  "digest" BLOB NOT NULL,
  "record" BLOB NOT NULL,
  "workflow_project" TEXT NOT NULL,
  "workflow_domain" TEXT NOT NULL,
  "workflow_name" TEXT NOT NULL,
  "workflow_version" TEXT NOT NULL,
  "schedule_type" TEXT NOT NULL,
  "launch_condition_type" TEXT,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "expected_inputs" BLOB NOT NULL,
  "expected_outputs" BLOB NOT NULL,
  "spec" BLOB NOT NULL,
  PRIMARY KEY ("project", "domain", "name", "version")
) STRICT;
CREATE UNIQUE INDEX "launch_plan_active"
  ON "launch_plan" ("project", "domain", "name") WHERE "state" = 1;
CREATE INDEX "launch_plan_created" ON "launch_plan" ("project", "domain", "created_at");
CREATE INDEX "launch_plan_name_created"
  ON "launch_plan" ("project", "domain", "name", "created_at");
CREATE INDEX "launch_plan_workflow"
  ON "launch_plan" ("workflow_project", "workflow_domain", "workflow_name");

CREATE TABLE "named_entity" (
  "resource_type" INTEGER NOT NULL,
  "project" TEXT NOT NULL,
  "domain" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "state" INTEGER NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "description" TEXT NOT NULL,
  PRIMARY KEY ("resource_type", "project", "domain", "name")
) STRICT, WITHOUT ROWID;

CREATE TABLE "description_entity" (
  "resource_type" INTEGER NOT NULL,
  "project" TEXT NOT NULL,
  "domain" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "short_description" TEXT NOT NULL,
  "link" TEXT NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "long_description" BLOB NOT NULL,
  PRIMARY KEY ("resource_type", "project", "domain", "name", "version")
) STRICT;

CREATE TABLE "attribute" (
  "resource_type" INTEGER NOT NULL,
  "project" TEXT NOT NULL,
  "domain" TEXT NOT NULL,
  "workflow" TEXT NOT NULL,
  "launch_plan" TEXT NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "attributes" BLOB NOT NULL,
  PRIMARY KEY ("resource_type", "project", "domain", "workflow", "launch_plan")
) STRICT, WITHOUT ROWID;

CREATE TABLE "closure" (
  "digest" BLOB NOT NULL,
  "created_at" INTEGER NOT NULL,
  "bytes" BLOB NOT NULL,
  PRIMARY KEY ("digest")
) STRICT;

CREATE TABLE "object" (
  "uri" TEXT NOT NULL,
  "digest" BLOB NOT NULL,
  "bytes" INTEGER NOT NULL,
  "created_at" INTEGER NOT NULL,
  PRIMARY KEY ("uri")
) STRICT, WITHOUT ROWID;

CREATE TABLE "meta" (
  "key" TEXT NOT NULL,
  "value" TEXT NOT NULL,
  PRIMARY KEY ("key")
) STRICT, WITHOUT ROWID;

CREATE TABLE "counter" (
  "name" TEXT NOT NULL,
  "value" INTEGER NOT NULL,
  PRIMARY KEY ("name")
) STRICT, WITHOUT ROWID;

