// What every store answers to queries.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/testing/store_harness.h"

namespace martlet::store {
namespace {

using Names = std::vector<std::string>;

class QueryConformance : public testing::TestWithParam<std::string> {
 protected:
  // Messages 1…6: kinds a a b b C A_, sources 10 NULL 30 10 NULL 20, tries 0 1 2 0 1 2,
  // dedup NULL "x%y" "xzy" NULL "ä" "".
  void SetUp() override {
    const char* const kinds[] = {"a", "a", "b", "b", "C", "A_"};
    const std::int64_t sources[] = {10, 0, 30, 10, 0, 20};
    const std::optional<std::string> dedup[] = {std::nullopt, "x%y", "xzy", std::nullopt, "ä", ""};
    const auto outcome = harness_->Run([&](Txn& txn) -> Status {
      for (std::size_t i = 0; i < 6; ++i) {
        OutboxRow row = MakeMessage(static_cast<std::int64_t>(i) + 1);
        row.kind = kinds[i];
        row.source = {sources[i]};
        row.tries = static_cast<std::int64_t>(i % 3);
        row.dedup = dedup[i];
        row.payload.data = std::string(1, static_cast<char>(0xf0 + i));
        if (auto ok = InsertRow(txn, row); !ok) return ok;
      }
      return {};
    });
    ASSERT_TRUE(outcome) << outcome.error().message;
    reader_ = harness_->Snapshot();
  }
  void TearDown() override { reader_.reset(); }

  std::string Ids(Query query) {
    const auto rows = ScanRows<OutboxRow>(*reader_, std::move(query));
    if (!rows) return std::string(CodeName(rows.error().code));
    std::string ids;
    for (const OutboxRow& row : *rows) ids += std::to_string(row.id);
    return ids;
  }
  // Scan and Count must agree.
  std::string Where(std::vector<Predicate> where) {
    Query query{.filter = {.where = std::move(where)}};
    const std::string ids = Ids(query);
    const auto count = CountRows<OutboxRow>(*reader_, query);
    if (count) {
      EXPECT_EQ(static_cast<std::int64_t>(ids.size()), *count);
    } else {
      EXPECT_EQ(std::string(CodeName(count.error().code)), ids);
    }
    return ids;
  }

  const std::unique_ptr<StoreHarness> harness_ = MakeHarness(GetParam());
  std::unique_ptr<Reader> reader_;
};

std::vector<Value> Several(std::initializer_list<Value> values) { return values; }

TEST_P(QueryConformance, Comparisons) {
  EXPECT_EQ(Where({}), "123456");
  EXPECT_EQ(Where({{"kind", Op::kEq, "a"}}), "12");
  EXPECT_EQ(Where({{"kind", Op::kNe, "a"}}), "3456");
  EXPECT_EQ(Where({{"kind", Op::kGt, "a"}}), "34");
  EXPECT_EQ(Where({{"kind", Op::kGte, "a"}}), "1234");
  EXPECT_EQ(Where({{"kind", Op::kLt, "a"}}), "56") << "bytes, not letters: C before a";
  EXPECT_EQ(Where({{"kind", Op::kLte, "a"}}), "1256");
  EXPECT_EQ(Where({{"source", Op::kGte, 20}}), "36");
  EXPECT_EQ(Where({{"payload", Op::kEq, Bytes{"\xf2"}}}), "3");
  EXPECT_EQ(Where({{"payload", Op::kLt, Bytes{"\xf2"}}}), "12");
  EXPECT_EQ(Where({{"kind", Op::kEq, "a"}, {"tries", Op::kEq, 1}}), "2");
  EXPECT_EQ(Where({{"id", Op::kGt, 2}, {"id", Op::kLt, 5}}), "34");
  EXPECT_EQ(Where({{"id", Op::kEq, 2}, {"id", Op::kEq, 3}}), "");
}

TEST_P(QueryConformance, NullsMatchNothingButNullTests) {
  EXPECT_EQ(Where({{"source", Op::kEq, 10}}), "14");
  EXPECT_EQ(Where({{"source", Op::kNe, 10}}), "36");
  EXPECT_EQ(Where({{"source", Op::kLt, 100}}), "1346");
  EXPECT_EQ(Where({{"source", Op::kIsNull}}), "25");
  EXPECT_EQ(Where({{"source", Op::kNotNull}}), "1346");
  EXPECT_EQ(Where({{"source", Op::kIn, Several({ToValue(10), ToValue(20)})}}), "146");
  EXPECT_EQ(Where({{"source", Op::kNotIn, Several({ToValue(10), ToValue(20)})}}), "3");
  EXPECT_EQ(Where({{"dedup", Op::kEq, ""}}), "6");
  EXPECT_EQ(Where({{"source", Op::kEq, Value()}}), "INVALID_ARGUMENT");
  EXPECT_EQ(Where({{"source", Op::kIn, Several({Value()})}}), "INVALID_ARGUMENT");
}

TEST_P(QueryConformance, Lists) {
  EXPECT_EQ(Where({{"kind", Op::kIn, Several({ToValue("a"), ToValue("C")})}}), "125");
  EXPECT_EQ(Where({{"kind", Op::kIn, Several({})}}), "");
  EXPECT_EQ(Where({{"kind", Op::kNotIn, Several({})}}), "123456");
  EXPECT_EQ(Where({{"source", Op::kNotIn, Several({})}}), "1346");
  std::vector<Value> many;
  for (std::int64_t i = 3; i < 5000; ++i) many.push_back(ToValue(i));
  EXPECT_EQ(Where({{"id", Op::kIn, many}}), "3456");
  many.resize(limits::kPredicateValuesMax + 1, ToValue(1));
  EXPECT_EQ(Where({{"id", Op::kIn, many}}), "INVALID_ARGUMENT");
}

TEST_P(QueryConformance, Patterns) {
  EXPECT_EQ(Where({{"dedup", Op::kContains, "x"}}), "23");
  EXPECT_EQ(Where({{"dedup", Op::kContains, ""}}), "2356");
  EXPECT_EQ(Where({{"dedup", Op::kContains, "x%y"}}), "23") << "% is a wildcard everywhere";
  EXPECT_EQ(Where({{"dedup", Op::kContains, "X"}}), "") << "case counts";
  EXPECT_EQ(Where({{"dedup", Op::kContains, "x_y"}}), "23");
  EXPECT_EQ(Where({{"dedup", Op::kNotLike, "x%"}}), "56");
  EXPECT_EQ(Where({{"dedup", Op::kNotLike, "_"}}), "236") << "one character of two bytes";
  EXPECT_EQ(Where({{"dedup", Op::kNotLike, ""}}), "235");
  EXPECT_EQ(Where({{"kind", Op::kContains, "_"}}), "123456");
  EXPECT_EQ(Where({{"id", Op::kContains, 1}}), "INVALID_ARGUMENT");
  EXPECT_EQ(Where({{"kind", Op::kContains, std::string(limits::kPatternBytesMax + 1, '%')}}),
            "INVALID_ARGUMENT");
  // A pattern that a naive matcher takes minutes for.
  std::string nasty;
  for (int i = 0; i < 300; ++i) nasty += "%a";
  EXPECT_EQ(Where({{"kind", Op::kContains, nasty}}), "");
}

TEST_P(QueryConformance, TextOfRequestsIsNeverSql) {
  const std::string evil = "'; DROP TABLE outbox; --";
  EXPECT_EQ(Where({{"kind", Op::kEq, evil}}), "");
  EXPECT_EQ(Where({{"kind\" OR 1=1 --", Op::kEq, "a"}}), "INVALID_ARGUMENT");
  EXPECT_EQ(Ids({.order = {{"id; DROP TABLE outbox"}}}), "INVALID_ARGUMENT");
  EXPECT_EQ(Where({}), "123456");
}

TEST_P(QueryConformance, OrderIsTotalAndNullIsGreatest) {
  EXPECT_EQ(Ids({.order = {{"tries"}}}), "142536");
  EXPECT_EQ(Ids({.order = {{"tries", Direction::kDescending}}}), "362514");
  EXPECT_EQ(Ids({.order = {{"source"}}}), "146325");
  EXPECT_EQ(Ids({.order = {{"source", Direction::kDescending}}}), "253614");
  EXPECT_EQ(Ids({.order = {{"tries"}, {"id", Direction::kDescending}}}), "415263");
  EXPECT_EQ(Ids({.order = {{"kind"}}}), "651234");
}

TEST_P(QueryConformance, Pages) {
  EXPECT_EQ(Ids({.order = {{"tries"}}, .limit = 2}), "14");
  EXPECT_EQ(Ids({.order = {{"tries"}}, .limit = 2, .offset = 2}), "25");
  EXPECT_EQ(Ids({.limit = 4, .offset = 4}), "56");
  EXPECT_EQ(Ids({.limit = 4, .offset = 6}), "");
  EXPECT_EQ(Ids({.offset = 5}), "6");
  EXPECT_EQ(Ids({.limit = limits::kScanRowsMax + 1}), "INVALID_ARGUMENT");
  EXPECT_EQ(CountRows<OutboxRow>(*reader_, {.limit = 1, .offset = 3}).value(), 6);
}

TEST_P(QueryConformance, KeysetPagesMeetEveryRowOnce) {
  const std::vector<std::vector<Order>> orders = {
      {},
      {{"id", Direction::kDescending}},
      {{"tries"}},
      {{"tries", Direction::kDescending}},
      {{"source"}},
      {{"source", Direction::kDescending}},
      {{"source"}, {"tries", Direction::kDescending}, {"dedup"}},
      {{"dedup", Direction::kDescending}, {"kind"}},
  };
  for (std::size_t i = 0; i < orders.size(); ++i) {
    Query query{.table = &TableOf<OutboxRow>(), .order = orders[i]};
    const std::string all = Ids(query);
    query.limit = 1;
    std::string met;
    for (;;) {
      const auto rows = reader_->Scan(query);
      ASSERT_TRUE(rows) << rows.error().message;
      if (rows->empty()) break;
      met += std::to_string(std::get<std::int64_t>(rows->front()[0]));
      query.after = PositionOf(query, rows->front());
    }
    EXPECT_EQ(met, all) << "order " << i;
  }
  EXPECT_EQ(Ids({.order = {{"tries"}}, .after = Several({ToValue(1)})}), "INVALID_ARGUMENT");
}

TEST_P(QueryConformance, SelectedAndDistinctColumns) {
  const auto text = [&](Query query) {
    query.table = &TableOf<OutboxRow>();
    const auto rows = reader_->Scan(query);
    if (!rows) return std::string(CodeName(rows.error().code));
    std::string all;
    for (const Row& row : *rows) {
      for (const Value& cell : row) {
        all += IsNull(cell) ? "-"
               : std::holds_alternative<std::int64_t>(cell)
                   ? std::to_string(std::get<std::int64_t>(cell))
                   : std::get<std::string>(cell);
      }
      all += ' ';
    }
    return all;
  };
  EXPECT_EQ(text({.select = {"kind", "id"}, .limit = 2}), "a1 a2 ");
  EXPECT_EQ(text({.select = {"kind"}, .distinct = true}), "A_ C a b ");
  EXPECT_EQ(
      text({.order = {{"source", Direction::kDescending}}, .select = {"source"}, .distinct = true}),
      "- 30 20 10 ");
  EXPECT_EQ(text({.order = {{"kind", Direction::kDescending}},
                  .select = {"kind", "tries"},
                  .distinct = true,
                  .limit = 3,
                  .offset = 1}),
            "b2 a0 a1 ");
  EXPECT_EQ(text({.order = {{"id"}}, .select = {"kind"}, .distinct = true}), "INVALID_ARGUMENT");
  EXPECT_EQ(text({.distinct = true}), "INVALID_ARGUMENT");
  EXPECT_EQ(text({.select = {"kind", "kind"}}), "INVALID_ARGUMENT");
  EXPECT_EQ(CountRows<OutboxRow>(*reader_, {.select = {"source"}, .distinct = true}).value(), 4);
}

TEST_P(QueryConformance, Exists) {
  const auto outcome = harness_->Run([](Txn& txn) -> Status {
    for (const auto& [id, key, value] :
         std::vector<std::tuple<std::int64_t, std::string, std::string>>{
             {10, "team", "red"}, {10, "team2", "red"}, {30, "team", "blue"}}) {
      if (auto ok = InsertRow(txn, ExecutionTagRow{{id}, key, value}); !ok) return ok;
    }
    for (const std::int64_t id : {10, 20}) {
      if (auto ok = InsertRow(txn, MakeExecution(id, "e" + std::to_string(id))); !ok) return ok;
    }
    return {};
  });
  ASSERT_TRUE(outcome) << outcome.error().message;
  reader_ = harness_->Snapshot();
  const auto tagged = [](std::vector<Predicate> where) {
    return Exists{.table = &TableOf<ExecutionTagRow>(),
                  .on = {{"source", "execution"}},
                  .filter = {.where = std::move(where)}};
  };
  EXPECT_EQ(Ids({.filter = {.exists = {tagged({})}}}), "134") << "two tags, one row";
  EXPECT_EQ(Ids({.filter = {.exists = {tagged({{"value", Op::kEq, "red"}})}}}), "14");
  EXPECT_EQ(Ids({.filter = {.exists = {tagged({{"key", Op::kEq, "team"}}),
                                       tagged({{"value", Op::kEq, "blue"}})}}}),
            "3");
  Exists none = tagged({{"value", Op::kEq, "red"}});
  none.negated = true;
  EXPECT_EQ(Ids({.filter = {.exists = {none}}}), "2356") << "NULL belongs to nothing";
  EXPECT_EQ(Ids({.filter = {.where = {{"tries", Op::kEq, 2}}, .exists = {none}}}), "36");
  // Nested, and joined by two columns.
  const Exists nested{.table = &TableOf<ExecutionRow>(),
                      .on = {{"source", "id"}},
                      .filter = {.where = {{"project", Op::kEq, "p"}},
                                 .exists = {{.table = &TableOf<ExecutionTagRow>(),
                                             .on = {{"id", "execution"}},
                                             .filter = {.where = {{"key", Op::kEq, "team2"}}}}}}};
  EXPECT_EQ(Ids({.filter = {.exists = {nested}}}), "14");
  const Exists twice{.table = &TableOf<ExecutionTagRow>(),
                     .on = {{"source", "execution"}, {"kind", "key"}}};
  EXPECT_EQ(Ids({.filter = {.exists = {twice}}}), "");
  const Exists mistyped{.table = &TableOf<ExecutionTagRow>(), .on = {{"source", "key"}}};
  EXPECT_EQ(Ids({.filter = {.exists = {mistyped}}}), "INVALID_ARGUMENT");
  EXPECT_EQ(Ids({.filter = {.exists = {Exists{}}}}), "INVALID_ARGUMENT");
}

TEST_P(QueryConformance, TooManyConditionsAreRefused) {
  const std::vector<Predicate> many(limits::kPredicatesMax + 1, Predicate("id", Op::kGt, 0));
  EXPECT_EQ(Where(many), "INVALID_ARGUMENT");
  const std::vector<Predicate> few(limits::kPredicatesMax, Predicate("id", Op::kGt, 0));
  EXPECT_EQ(Where(few), "123456");
}

INSTANTIATE_TEST_SUITE_P(Stores, QueryConformance, testing::ValuesIn(StoreKinds()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace martlet::store
