#include "services/finalmile/csv/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/text/normal.h"
#include "services/finalmile/csv/encoding.h"

namespace finalmile::cli::csv {
namespace {

using namespace std::string_view_literals;

constexpr size_t kBlockBytes = 64 << 10;
// So much of the first line of a row with a fault is kept for people.
constexpr size_t kMaxShownBytes = 1000;

// The bytes of a stream, one by one, from any place on.
class Bytes {
 public:
  static constexpr int kEnd = -1;

  explicit Bytes(std::istream& input) : input_(input), origin_(input.tellg()) {}

  // The next byte without taking it; kEnd: there is none, or the stream failed.
  int Peek() {
    if (at_ == size_) Fill();
    return at_ == size_ ? kEnd : static_cast<unsigned char>(block_[at_]);
  }
  void Skip() { ++at_; }
  // What is left of the block at hand, to look ahead at the beginning of the file.
  std::string_view Ahead() {
    Peek();
    return {block_.data() + at_, size_ - at_};
  }

  int64_t position() const { return filled_ - static_cast<int64_t>(size_ - at_); }
  void Seek(int64_t position) {
    const int64_t back = filled_ - position;
    if (back >= 0 && back <= static_cast<int64_t>(size_)) {
      at_ = size_ - static_cast<size_t>(back);
      return;
    }
    input_.clear();
    input_.seekg(origin_ + static_cast<std::streamoff>(position));
    filled_ = position;
    at_ = size_ = 0;
  }

  int64_t furthest() const { return furthest_; }
  bool failed() const { return input_.bad() || failed_; }

 private:
  void Fill() {
    if (failed_ || input_.eof()) return;
    input_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
    at_ = 0;
    size_ = static_cast<size_t>(input_.gcount());
    filled_ += static_cast<int64_t>(size_);
    furthest_ = std::max(furthest_, filled_);
    failed_ = input_.bad() || (input_.fail() && !input_.eof());
  }

  std::istream& input_;
  const std::streampos origin_;
  std::array<char, kBlockBytes> block_;
  size_t at_ = 0;
  size_t size_ = 0;
  // Position behind the block.
  int64_t filled_ = 0;
  int64_t furthest_ = 0;
  bool failed_ = false;
};

class CsvReader final : public Reader {
 public:
  CsvReader(std::istream& input, char delimiter, std::unique_ptr<Decoder> decoder)
      : bytes_(input), delimiter_(delimiter), decoder_(std::move(decoder)) {}

  absl::Status Begin() {
    std::string_view head = bytes_.Ahead();
    if (head.starts_with("\xFF\xFE"sv) || head.starts_with("\xFE\xFF"sv) ||
        head.starts_with("\0\0\xFE\xFF"sv)) {
      return absl::InvalidArgumentError("the file is UTF-16 or UTF-32; save it as UTF-8");
    }
    if (head.starts_with("\xEF\xBB\xBF"sv)) Skip(3);
    TakeSeparatorLine();
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(Row& row) override {
    while (true) {
      const bool any = Read(row);
      if (bytes_.failed())
        return absl::DataLossError(fmt::format("reading stopped after {} bytes", bytes_.furthest()));
      if (!any) return false;
      const bool empty_line = row.fault.empty() && row.cells.size() == 1 && row.cells[0].empty() && !quoted_;
      if (empty_line) continue;
      for (std::string& cell : row.cells) {
        if (decoder_ != nullptr && !decoder_->Decode(cell) && row.fault.empty())
          row.fault = "holds bytes that the encoding does not have";
      }
      return true;
    }
  }

  char delimiter() const override { return delimiter_; }
  int64_t bytes_read() const override { return bytes_.furthest(); }

 private:
  void Skip(size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) bytes_.Skip();
  }

  // "sep=;", in quotes or not, which spreadsheets write and read.
  void TakeSeparatorLine() {
    std::string_view head = bytes_.Ahead();
    const bool quote = head.starts_with('"');
    if (quote) head.remove_prefix(1);
    if (head.size() < 5 || !EqualsIgnoringCase(head.substr(0, 4), "sep=") || head[4] == '"') return;
    const std::string_view rest = head.substr(quote && head.size() > 5 ? 6 : 5);
    if (quote && (head.size() < 6 || head[5] != '"')) return;
    if (!rest.empty() && rest[0] != '\n' && rest[0] != '\r') return;
    if (head[4] == '\n' || head[4] == '\r' || head[4] == '\0' || IsToken(Lower(head.substr(4, 1)), 1, ""))
      return;
    delimiter_ = head[4];
    Skip(quote ? 7 : 5);
    TakeLineEnd();
  }

  // Takes a line end and counts it; false: none is next.
  bool TakeLineEnd() {
    const int byte = bytes_.Peek();
    if (byte != '\n' && byte != '\r') return false;
    bytes_.Skip();
    if (byte == '\r' && bytes_.Peek() == '\n') bytes_.Skip();
    ++line_;
    return true;
  }

  // Reads one row; false: the file is at its end.
  bool Read(Row& row) {
    if (bytes_.Peek() == Bytes::kEnd) return false;
    row = {line_};
    quoted_ = false;
    size_ = 0;
    begin_ = bytes_.position();
    second_line_ = std::nullopt;
    while (true) {
      const std::string fault = ReadCell(row);
      if (!fault.empty()) {
        GiveUp(row, fault);
        return true;
      }
      if (bytes_.Peek() == static_cast<unsigned char>(delimiter_)) {
        bytes_.Skip();
        continue;
      }
      TakeLineEnd();
      if (size_ > kMaxRowBytes) Refuse(row, fmt::format("the row is larger than {} bytes", kMaxRowBytes));
      return true;
    }
  }

  // Whether the cell ends before `byte`.
  bool Ends(int byte) const {
    return byte == Bytes::kEnd || byte == '\n' || byte == '\r' ||
           byte == static_cast<unsigned char>(delimiter_);
  }

  void Store(std::string& cell, int byte) {
    // A row that is too large is read to its end, but not kept.
    if (++size_ <= kMaxRowBytes) cell += static_cast<char>(byte);
  }

  // Reads a cell up to what ends it. The text says what is wrong with it.
  std::string ReadCell(Row& row) {
    ++size_;
    std::string cell;
    bool spaces = true;
    for (int byte = bytes_.Peek(); !Ends(byte); byte = bytes_.Peek()) {
      if (byte == '"' && spaces) return ReadQuoted(row);
      if (byte == '"') return Misplaced(row);
      spaces = spaces && byte == ' ';
      Store(cell, byte);
      bytes_.Skip();
    }
    if (size_ <= kMaxRowBytes) row.cells.push_back(std::move(cell));
    return {};
  }

  std::string ReadQuoted(Row& row) {
    quoted_ = true;
    bytes_.Skip();
    std::string cell;
    while (true) {
      const int byte = bytes_.Peek();
      if (byte == Bytes::kEnd) {
        return fmt::format(
            "the quote that opens cell {} is not closed; close it, or double it where it is part of "
            "the text",
            row.cells.size() + 1);
      }
      bytes_.Skip();
      if (byte == '"') {
        if (bytes_.Peek() != '"') break;
        bytes_.Skip();
      }
      Store(cell, byte);
      const bool line_end = byte == '\n' || (byte == '\r' && bytes_.Peek() != '\n');
      if (!line_end) continue;
      ++line_;
      if (!second_line_) second_line_ = {bytes_.position(), line_};
    }
    while (bytes_.Peek() == ' ' && delimiter_ != ' ') bytes_.Skip();
    if (!Ends(bytes_.Peek())) return Misplaced(row);
    if (size_ <= kMaxRowBytes) row.cells.push_back(std::move(cell));
    return {};
  }

  static std::string Misplaced(const Row& row) {
    return fmt::format(
        "cell {} has a quote in the wrong place; put the cell in quotes and double each quote inside",
        row.cells.size() + 1);
  }

  // Goes on with the line after the first of the row.
  void GiveUp(Row& row, const std::string& fault) {
    if (second_line_) {
      bytes_.Seek(second_line_->first);
      line_ = second_line_->second;
    } else {
      while (bytes_.Peek() != Bytes::kEnd && !TakeLineEnd()) bytes_.Skip();
    }
    Refuse(row, fault);
  }

  void Refuse(Row& row, const std::string& fault) {
    const int64_t behind = bytes_.position();
    const int64_t line = line_;
    bytes_.Seek(begin_);
    std::string shown;
    for (int byte = bytes_.Peek(); byte != Bytes::kEnd && byte != '\n' && byte != '\r';
         byte = bytes_.Peek()) {
      if (shown.size() == kMaxShownBytes) break;
      shown += static_cast<char>(byte);
      bytes_.Skip();
    }
    bytes_.Seek(behind);
    line_ = line;
    row.cells = {std::move(shown)};
    row.fault = fault;
  }

  Bytes bytes_;
  char delimiter_;
  const std::unique_ptr<Decoder> decoder_;
  // The line at hand.
  int64_t line_ = 1;
  // The row at hand: where it begins, its bytes, whether a cell is in quotes, and position and number of
  // its second line.
  int64_t begin_ = 0;
  size_t size_ = 0;
  bool quoted_ = false;
  std::optional<std::pair<int64_t, int64_t>> second_line_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Reader>> Reader::Open(std::istream& input, char delimiter,
                                                     const std::string& encoding) {
  if (delimiter == '"' || delimiter == '\n' || delimiter == '\r' || delimiter == '\0') {
    return absl::InvalidArgumentError("the delimiter may not be a quote or a line end");
  }
  std::unique_ptr<Decoder> decoder;
  if (!encoding.empty()) {
    ASSIGN_OR_RETURN(decoder, Decoder::Open(encoding));
  }
  auto reader = std::make_unique<CsvReader>(input, delimiter, std::move(decoder));
  RETURN_IF_ERROR(reader->Begin());
  return reader;
}

bool IsBlank(const Row& row) {
  return row.fault.empty() && std::all_of(row.cells.begin(), row.cells.end(), [](const std::string& cell) {
           return text::TrimSpace(cell).empty();
         });
}

absl::StatusOr<bool> NextFilled(Reader& reader, Row& row) {
  while (true) {
    ASSIGN_OR_RETURN(const bool more, reader.Next(row));
    if (!more || !IsBlank(row)) return more;
  }
}

}  // namespace finalmile::cli::csv
