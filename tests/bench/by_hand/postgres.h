#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

namespace finalmile::bench::by_hand {

// The element types of columns, by their number in PostgreSQL.
enum class Type : uint32_t { kBool = 16, kBytea = 17, kBigint = 20, kText = 25, kDouble = 701 };

// A statement that reads rows by unnest($1, $2, …), and the types of its columns.
struct Statement {
  const char* name;
  const char* sql;
  std::vector<Type> types;
};

// Rows for a statement: each column is built as the binary array that is sent.
class Rows {
 public:
  explicit Rows(const Statement& statement);

  // One value for each column; a string, int64_t, double, bool or an optional of one.
  template <class... Values>
  void Add(const Values&... values) {
    size_t column = 0;
    (Put(columns_[column++], values), ...);
    ++count_;
  }
  const Statement& statement() const { return statement_; }
  bool empty() const { return count_ == 0; }
  // The arrays, whole.
  const std::vector<std::string>& Arrays();

 private:
  static void Big(uint64_t value, int bytes, std::string& out) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  }
  static void Put(std::string& out, std::string_view value) {
    Big(value.size(), 4, out);
    out += value;
  }
  static void Put(std::string& out, const std::string& value) { Put(out, std::string_view(value)); }
  static void Put(std::string& out, const char* value) { Put(out, std::string_view(value)); }
  static void Put(std::string& out, int64_t value) {
    Big(8, 4, out);
    Big(static_cast<uint64_t>(value), 8, out);
  }
  static void Put(std::string& out, double value) { Put(out, std::bit_cast<int64_t>(value)); }
  static void Put(std::string& out, bool value) {
    Big(1, 4, out);
    out += static_cast<char>(value);
  }
  template <class Value>
  static void Put(std::string& out, const std::optional<Value>& value) {
    if (value) return Put(out, *value);
    out[7] = 1;
    Big(UINT32_MAX, 4, out);
  }

  const Statement& statement_;
  uint32_t count_ = 0;
  std::vector<std::string> columns_;
};

// A session of libpq. An error ends the process, and so does an answer that takes a minute. Not thread-safe.
class Session {
 public:
  using Result = std::unique_ptr<pg_result, void (*)(pg_result*)>;

  explicit Session(const std::string& url);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The answer of one statement by itself. Only before Prepare.
  Result Query(const std::string& sql);
  // Begins the pipeline, and prepares what Commit will be given.
  void Prepare(const std::vector<const Statement*>& statements);
  // Every statement that has rows in one transaction and one flush. Returns when it is committed: what the
  // statement with RETURNING, of which there is one at most, returned.
  std::vector<int64_t> Commit(const std::vector<Rows*>& batch);

 private:
  void Send(const char* name, const std::vector<std::string>& parameters);
  // Waits for the answers to everything sent.
  std::vector<int64_t> Finish();

  pg_conn* connection_;
};

}  // namespace finalmile::bench::by_hand
