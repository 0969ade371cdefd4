#include "services/finalmile/csv/reader.h"

#include <csv.h>
#include <fmt/format.h>

#include <array>
#include <deque>
#include <string_view>
#include <utility>

#include "libs/base/status.h"

namespace finalmile::cli::csv {
namespace {

using namespace std::string_view_literals;

constexpr size_t kBlockBytes = 64 << 10;

class LibcsvReader final : public Reader {
 public:
  LibcsvReader(std::istream& input, char delimiter) : input_(input) {
    // Line ends are all reported, or lines could not be counted.
    csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
    csv_set_delim(&parser_, static_cast<unsigned char>(delimiter));
    csv_set_space_func(&parser_, [](unsigned char) { return 0; });
  }
  ~LibcsvReader() override { csv_free(&parser_); }
  LibcsvReader(const LibcsvReader&) = delete;
  LibcsvReader& operator=(const LibcsvReader&) = delete;

  absl::Status SkipMark() {
    RETURN_IF_ERROR(ReadBlock());
    const std::string_view head(block_.data(), block_size_);
    if (head.starts_with("\xEF\xBB\xBF"sv)) block_start_ = 3;
    if (head.starts_with("\xFF\xFE"sv) || head.starts_with("\xFE\xFF"sv) ||
        head.starts_with("\0\0\xFE\xFF"sv)) {
      return absl::InvalidArgumentError("the file is UTF-16 or UTF-32; save it as UTF-8");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(Row& row) override {
    while (rows_.empty() && status_.ok() && !finished_) status_ = Advance();
    if (rows_.empty()) {
      if (!status_.ok()) return status_;
      return false;
    }
    row = std::move(rows_.front());
    rows_.pop_front();
    return true;
  }

  int64_t bytes_read() const override { return bytes_read_; }

 private:
  absl::Status ReadBlock() {
    input_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
    block_start_ = 0;
    block_size_ = static_cast<size_t>(input_.gcount());
    bytes_read_ += static_cast<int64_t>(block_size_);
    if (input_.bad()) return absl::DataLossError(fmt::format("reading stopped after {} bytes", bytes_read_));
    return absl::OkStatus();
  }

  // Parses the block at hand and reads the next one.
  absl::Status Advance() {
    if (block_start_ == block_size_) RETURN_IF_ERROR(ReadBlock());
    if (block_size_ == 0) return Finish();
    const size_t size = block_size_ - block_start_;
    const size_t parsed = csv_parse(&parser_, block_.data() + block_start_, size, OnCell, OnLineEnd, this);
    block_start_ = block_size_;
    if (parsed != size) return Fault();
    // What is inside the parser has not been handed over as a cell yet.
    return CheckSize(parser_.entry_pos);
  }

  absl::Status CheckSize(size_t pending) const {
    if (!too_large_ && row_bytes_ + pending <= kMaxRowBytes) return absl::OkStatus();
    return absl::InvalidArgumentError(fmt::format(
        "line {}: the row is larger than {} bytes; is a quote not closed?", row_line_, kMaxRowBytes));
  }

  absl::Status Finish() {
    finished_ = true;
    if (csv_fini(&parser_, OnCell, OnLineEnd, this) == 0) return CheckSize(0);
    return absl::InvalidArgumentError(fmt::format(
        "line {}: a quote that opens in this row is not closed by the end of the file", row_line_));
  }

  absl::Status Fault() const {
    if (csv_error(const_cast<csv_parser*>(&parser_)) != CSV_EPARSE) {
      return absl::ResourceExhaustedError(fmt::format("line {}: out of memory", row_line_));
    }
    return absl::InvalidArgumentError(
        fmt::format("line {}: cell {} has a quote in the wrong place; put the cell in quotes and double each "
                    "quote inside",
                    row_line_, current_.size() + 1));
  }

  static void OnCell(void* bytes, size_t size, void* self) {
    static_cast<LibcsvReader*>(self)->Cell(std::string_view(static_cast<const char*>(bytes), size));
  }
  static void OnLineEnd(int character, void* self) { static_cast<LibcsvReader*>(self)->LineEnd(character); }

  void Cell(std::string_view cell) {
    for (size_t i = 0; i < cell.size(); ++i) {
      const bool pair = cell[i] == '\n' && i > 0 && cell[i - 1] == '\r';
      if ((cell[i] == '\n' || cell[i] == '\r') && !pair) ++line_;
    }
    after_return_ = false;
    row_bytes_ += cell.size() + 1;
    if (row_bytes_ > kMaxRowBytes) too_large_ = true;
    if (!too_large_) current_.emplace_back(cell);
  }

  void LineEnd(int character) {
    if (!current_.empty() && !too_large_) {
      rows_.push_back({row_line_, std::move(current_)});
      current_.clear();
      row_bytes_ = 0;
    }
    if (character == '\r' || (character == '\n' && !after_return_)) ++line_;
    after_return_ = character == '\r';
    if (!too_large_) row_line_ = line_;
  }

  std::istream& input_;
  csv_parser parser_;
  std::array<char, kBlockBytes> block_;
  size_t block_start_ = 0;
  size_t block_size_ = 0;
  int64_t bytes_read_ = 0;
  bool finished_ = false;
  absl::Status status_;

  // The line being parsed, and the one where its row started.
  int64_t line_ = 1;
  int64_t row_line_ = 1;
  bool after_return_ = false;
  size_t row_bytes_ = 0;
  bool too_large_ = false;
  std::vector<std::string> current_;
  std::deque<Row> rows_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Reader>> Reader::Open(std::istream& input, char delimiter) {
  if (delimiter == '"' || delimiter == '\n' || delimiter == '\r' || delimiter == '\0') {
    return absl::InvalidArgumentError("the delimiter may not be a quote or a line end");
  }
  auto reader = std::make_unique<LibcsvReader>(input, delimiter);
  RETURN_IF_ERROR(reader->SkipMark());
  return reader;
}

}  // namespace finalmile::cli::csv
