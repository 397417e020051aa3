// Filters over rows of the store in memory: what they find, and what is refused.
#include "service/filters.h"

#include <flyteidl/admin/common.pb.h>
#include <gtest/gtest.h>

#include <memory>

#include "store/memory/memory_store.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

class FiltersTest : public testing::Test {
 protected:
  FiltersTest() : clock_(Timestamp{1'700'000'000'000'000'000}), store_(NewStore()) {
    Write([](store::Txn& txn) -> Status {
      for (const char* version : {"v1", "v2", "v3"}) {
        store::TaskRow task;
        task.project = "p";
        task.domain = "d";
        task.name = "t";
        task.version = version;
        task.type = version == std::string("v2") ? "sql" : "python";
        task.digest.data = version;
        task.created_at = txn.now() + Nanos(version[1]);
        task.updated_at = txn.now();
        if (Status ok = store::InsertRow(txn, task); !ok) return ok;
      }
      return {};
    });
  }

  std::unique_ptr<store::Store> NewStore() { return store::NewMemoryStore(clock_); }

  void Write(store::TxnFn fn) {
    const auto commit = store::SubmitAndWait(*store_, std::move(fn));
    ASSERT_TRUE(commit.has_value()) << commit.error().message;
  }

  /// The named column of the rows found, joined; or the error.
  template <class R>
  std::string Find(Entity entity, const std::string& filters, std::string_view column,
                   const flyteidl::admin::Sort* sort = nullptr) {
    store::Query query;
    query.table = &store::TableOf<R>();
    if (Status ok = ApplyFilters(filters, entity, query); !ok) return ok.error().message;
    if (Status ok = ApplySort(sort, entity, query); !ok) return ok.error().message;
    query.select = {column};
    auto reader = store_->Snapshot();
    const auto rows = (*reader)->Scan(query);
    if (!rows) return "scan: " + rows.error().message;
    std::string found;
    for (const store::Row& row : *rows) {
      found += (found.empty() ? "" : " ") + std::get<std::string>(row[0]);
    }
    return found;
  }

  VirtualClock clock_;
  std::unique_ptr<store::Store> store_;
};

struct Case {
  const char* filters;
  const char* found;
};

TEST_F(FiltersTest, TasksAsRecorded) {
  const Case cases[] = {
      {"", "v1 v2 v3"},
      {"eq(version,v2)", "v2"},
      {"ne(version,v1)", "v2 v3"},
      {"contains(version,%)", "v1 v2 v3"},
      {"value_in(version,v1;v3)", "v1 v3"},
      {"value_not_in(version,v1;v3)", "v2"},
      {"gt(version,v1)+lte(version,v2)", "v2"},
      {"eq(type,python)+ne(version,v1)", "v3"},
      {"not_like(version,%1)", "v2 v3"},
      {"not_like(version,1)", "v1 v2 v3"},
      {"gt(created_at,2020-01-01)", "v1 v2 v3"},
      {"gt(created_at,2120-01-01T00:00:00Z)", ""},
      {"eq(digest,v3)", "v3"},
      {"contains(digest,v)", ""},
      {"eq(id,1)", ""},
      {"ne(id,1)", "v1 v2 v3"},
      {"ne(deleted_at,2020-01-01)", ""},
      {"eq(version,v1' or '1'='1)", ""},
      {"eq(nosuch,1)", "'t.nosuch' is invalid filter"},
      {"eq(task.VERSION,1)", "'t.VERSION' is invalid filter"},
      {"eq(workflow.name,x)", "'w' entity is not allowed in filters"},
      {"eq(entities.name,x)", "'nen' entity is not allowed in filters"},
      {"eq(duration,5)", "'t.duration' is invalid filter"},
      {"eq(id,x)", "'x' is not a whole number, which the filter on 'id' compares with"},
      {"eq(version,a;b)",
       "the filter on 'version' compares with one value and has 2: use value_in or value_not_in "
       "for lists"},
      {"contains(created_at,2)",
       "'created_at' is no text: contains and not_like cannot look at it"},
      {"gt(created_at,bad)",
       "'bad' is not a point in time: use 2026-01-31 or 2026-01-31T15:04:05Z"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ((Find<store::TaskRow>(Entity::kTask, c.filters, "version")), c.found) << c.filters;
  }
}

TEST_F(FiltersTest, SortsWithTiesInOrderOfCreation) {
  flyteidl::admin::Sort sort;
  const auto sorted = [&](const std::string& key, bool ascending) {
    sort.set_key(key);
    sort.set_direction(ascending ? flyteidl::admin::Sort::ASCENDING
                                 : flyteidl::admin::Sort::DESCENDING);
    return Find<store::TaskRow>(Entity::kTask, "", "version", &sort);
  };
  EXPECT_EQ(sorted("created_at", false), "v3 v2 v1");
  EXPECT_EQ(sorted("type", true), "v1 v3 v2");
  EXPECT_EQ(sorted("type", false), "v2 v3 v1");
  EXPECT_EQ(sorted("id", false), "v3 v2 v1");
  EXPECT_EQ(sorted("nosuch", true), "invalid sort key 'nosuch'");
  EXPECT_EQ(sorted("task.name", true), "invalid sort key 'task.name'");
  EXPECT_EQ(sorted("", true), "invalid sort key ''");
}

/// Two executions: `done` succeeded after 5 s and has two tags, `live` runs and has one.
class ExecutionFiltersTest : public FiltersTest {
 protected:
  ExecutionFiltersTest() {
    Write([](store::Txn& txn) -> Status {
      store::LaunchPlanRow launch_plan;
      launch_plan.project = "p";
      launch_plan.domain = "d";
      launch_plan.name = "lp";
      launch_plan.version = "v1";
      launch_plan.state = 1;
      launch_plan.schedule_type = "CRON";
      launch_plan.created_at = txn.now();
      launch_plan.updated_at = txn.now();
      if (Status ok = store::InsertRow(txn, launch_plan); !ok) return ok;
      for (const bool done : {true, false}) {
        store::ExecutionRow row;
        row.id = done ? 1 : 2;
        row.project = "p";
        row.domain = "d";
        row.name = done ? "done" : "live";
        row.phase = done ? 4 : 2;
        if (done) {
          row.duration = 5'000'000'000;
        } else {
          row.witness = "test";
          row.launch_plan_project = "p";
          row.launch_plan_domain = "d";
          row.launch_plan_name = "lp";
          row.launch_plan_version = "v1";
        }
        row.created_at = txn.now() + Nanos(row.id);
        row.updated_at = txn.now();
        if (Status ok = store::InsertRow(txn, row); !ok) return ok;
        store::NodeExecutionRow node;
        node.execution = ExecutionId{row.id};
        node.path = "2";
        node.node_id = done ? "n-done" : "n-live";
        node.phase = done ? 3 : 2;
        if (!done) node.witness = "test";
        node.created_at = txn.now();
        node.updated_at = txn.now();
        if (Status ok = store::InsertRow(txn, node); !ok) return ok;
      }
      for (const auto& [execution, key, value] :
           {std::tuple{1, "a", "x"}, std::tuple{1, "b", "y"}, std::tuple{2, "a", "y"}}) {
        Status ok =
            store::InsertRow(txn, store::ExecutionTagRow{ExecutionId{execution}, key, value});
        if (!ok) return ok;
      }
      return {};
    });
  }
};

TEST_F(ExecutionFiltersTest, PhasesDurationsJoinsAndTags) {
  const Case cases[] = {
      {"eq(phase,SUCCEEDED)", "done"},
      {"value_in(phase,SUCCEEDED;RUNNING)", "done live"},
      {"ne(phase,SUCCEEDED)", "live"},
      {"contains(phase,SUCC)", "done"},
      {"eq(phase,NOSUCH)", ""},
      {"gt(duration,1)", "done"},
      {"gt(duration,10s)", ""},
      {"lt(duration,1h)", "done live"},
      {"eq(duration,0)", "live"},
      {"ne(duration,0)", "done"},
      {"gte(duration,0)", "done live"},
      {"gt(duration,abc)", "Failed to parse duration [abc]"},
      {"eq(execution_name,done)", "done"},
      {"eq(execution.execution_name,done)", "done"},
      {"eq(name,done)", "'e.name' is invalid filter"},
      {"eq(launch_plan.name,lp)", "live"},
      {"eq(launch_plan.name,lp)+eq(launch_plan.version,v2)", ""},
      {"eq(launch_plan.state,1)", "live"},
      {"eq(launch_plan.state,1)+eq(launch_plan.schedule_type,RATE)", ""},
      {"eq(execution_tag.key,a)", "done live"},
      {"eq(execution_tag.key,a)+eq(execution_tag.value,y)", "live"},
      {"eq(execution_tag.key,a)+eq(execution_tag.key,b)", "done"},
      {"value_in(admin_tag.name,a;b)", "done live"},
      {"eq(execution_tag.name,x)", "'et.name' is invalid filter"},
      {"eq(node_execution.phase,x)", "'ne' entity is not allowed in filters"},
      {"eq(closure,x)", ""},
  };
  for (const Case& c : cases) {
    EXPECT_EQ((Find<store::ExecutionRow>(Entity::kExecution, c.filters, "name")), c.found)
        << c.filters;
  }
}

TEST_F(ExecutionFiltersTest, NodesReachTheirExecution) {
  const Case cases[] = {
      {"eq(execution_name,done)", "n-done"},
      {"eq(execution.phase,RUNNING)", "n-live"},
      {"eq(phase,SUCCEEDED)+eq(execution.phase,RUNNING)", ""},
      {"eq(task.name,x)", "'t' entity is not allowed in filters"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ((Find<store::NodeExecutionRow>(Entity::kNodeExecution, c.filters, "node_id")),
              c.found)
        << c.filters;
  }
}

}  // namespace
}  // namespace martlet::service
