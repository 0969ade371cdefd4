#include "libs/testing/raw_http2.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace finalmile::testing {
namespace {

constexpr uint8_t kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoAway = 7,
                  kWindowUpdate = 8;
constexpr uint8_t kEndStream = 1, kEndHeaders = 4, kAck = 1;
constexpr size_t kFrame = 16'384;
constexpr std::string_view kStatus = "grpc-status";

std::string BigEndian(uint64_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
  return text;
}

uint32_t Number(std::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

std::string Setting(uint16_t id, uint32_t value) { return BigEndian(id, 2) + BigEndian(value, 4); }

// A string of HPACK, not compressed.
std::string Literal(std::string_view text) {
  std::string bytes;
  if (text.size() < 127) {
    bytes += static_cast<char>(text.size());
  } else {
    bytes += '\x7f';
    size_t left = text.size() - 127;
    for (; left >= 128; left /= 128) bytes += static_cast<char>(left % 128 | 128);
    bytes += static_cast<char>(left);
  }
  return bytes.append(text);
}

void SetTimeout(int fd, int option, absl::Duration patience) {
  const timeval time = absl::ToTimeval(std::max(patience, absl::Milliseconds(1)));
  setsockopt(fd, SOL_SOCKET, option, &time, sizeof(time));
}

}  // namespace

Socket::Socket(int port, int receive_buffer) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  // It counts only where it is set before the connection stands.
  if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  SetTimeout(fd_, SO_SNDTIMEO, absl::Seconds(5));
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return;
  close(fd_);
  fd_ = -1;
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

bool Socket::Send(std::string_view bytes, absl::Duration patience) const {
  SetTimeout(fd_, SO_SNDTIMEO, patience);
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string Socket::Receive(absl::Duration patience) const {
  SetTimeout(fd_, SO_RCVTIMEO, patience);
  std::string bytes(64 << 10, '\0');
  const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}

RawHttp2::RawHttp2(int port, const Options& options)
    : socket_(port, options.receive_buffer), open_(socket_.connected()) {
  // Without a table of headers the trailers can be read where they stand.
  open_ = open_ && socket_.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                                Frame(kSettings, 0, 0, Setting(1, 0) + Setting(4, options.answer_window)) +
                                Frame(kWindowUpdate, 0, 0, BigEndian(0x7fffffff - 65'535, 4)));
}

std::string RawHttp2::Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string frame = BigEndian(payload.size(), 3);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  return frame.append(BigEndian(stream, 4)).append(payload);
}

std::string RawHttp2::HeaderBlock(const Request& request) {
  Headers headers = {{":method", "POST"}, {":scheme", "http"}, {":path", request.path},
                     {":authority", "x"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
  if (request.gzip) headers.emplace_back("grpc-encoding", "gzip");
  headers.insert(headers.end(), request.headers.begin(), request.headers.end());
  std::string block;
  for (const auto& [name, value] : headers)
    block.append(1, '\0').append(Literal(name)).append(Literal(value));
  return block;
}

uint32_t RawHttp2::Start(const Request& request) {
  const uint32_t stream = next_stream_;
  next_stream_ += 2;
  open_ = open_ && socket_.Send(Frame(kHeaders, kEndHeaders, stream, HeaderBlock(request)));
  const std::string body =
      std::string(1, request.gzip ? '\1' : '\0') + BigEndian(request.message.size(), 4) + request.message;
  sending_ = stream;
  stream_window_ = initial_window_;
  for (size_t at = 0; open_ && at < body.size() && !ended_.contains(stream);) {
    const int64_t room = std::min(stream_window_, connection_window_);
    if (room <= 0) {
      if (!Read(absl::Seconds(10))) break;
      continue;
    }
    const size_t size = std::min({kFrame, body.size() - at, static_cast<size_t>(room)});
    const uint8_t flags = at + size == body.size() ? kEndStream : 0;
    open_ = socket_.Send(Frame(kData, flags, stream, std::string_view(body).substr(at, size)));
    at += size;
    stream_window_ -= static_cast<int64_t>(size);
    connection_window_ -= static_cast<int64_t>(size);
  }
  sending_ = 0;
  return stream;
}

uint32_t RawHttp2::StartUnread(const Request& request) {
  const uint32_t stream = next_stream_;
  next_stream_ += 2;
  open_ = open_ &&
          socket_.Send(Frame(kHeaders, kEndHeaders, stream, HeaderBlock(request)) +
                       Frame(kData, kEndStream, stream,
                             std::string(1, '\0') + BigEndian(request.message.size(), 4) + request.message));
  return stream;
}

RawHttp2::Answer RawHttp2::Await(uint32_t stream, absl::Duration patience) {
  while (!ended_.contains(stream) && Read(patience)) {
  }
  const auto found = ended_.find(stream);
  return found == ended_.end() ? Answer{} : found->second;
}

bool RawHttp2::Read(absl::Duration patience) {
  if (!open_) return false;
  const std::string bytes = socket_.Receive(patience);
  if (bytes.empty()) return false;
  unread_ += bytes;
  size_t at = 0;
  while (unread_.size() - at >= 9) {
    const std::string_view head = std::string_view(unread_).substr(at, 9);
    const size_t size = Number(head.substr(0, 3));
    if (unread_.size() - at < 9 + size) break;
    Take(static_cast<uint8_t>(head[3]), static_cast<uint8_t>(head[4]), Number(head.substr(5)) & 0x7fffffff,
         std::string_view(unread_).substr(at + 9, size));
    at += 9 + size;
  }
  unread_.erase(0, at);
  return true;
}

void RawHttp2::Take(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  switch (type) {
    case kData:
      incoming_[stream].data.append(payload);
      break;
    case kHeaders:
      incoming_[stream].trailers = payload;
      break;
    case kReset:
      return End(stream);
    case kSettings:
      if ((flags & kAck) != 0) break;
      for (; payload.size() >= 6; payload.remove_prefix(6)) {
        if (Number(payload.substr(0, 2)) != 4) continue;
        const int64_t window = Number(payload.substr(2, 4));
        stream_window_ += window - std::exchange(initial_window_, window);
      }
      open_ = open_ && socket_.Send(Frame(kSettings, kAck, 0, ""));
      break;
    case kPing:
      if ((flags & kAck) == 0) open_ = open_ && socket_.Send(Frame(kPing, kAck, 0, payload));
      break;
    case kGoAway:
      open_ = false;
      break;
    case kWindowUpdate:
      if (stream == 0) connection_window_ += Number(payload);
      if (stream != 0 && stream == sending_) stream_window_ += Number(payload);
      break;
    default:
      break;
  }
  if ((type == kData || type == kHeaders) && (flags & kEndStream) != 0) End(stream);
}

void RawHttp2::End(uint32_t stream) {
  Incoming& incoming = incoming_[stream];
  // An answer that has ended may be followed by a reset.
  if (const auto [answer, fresh] = ended_.try_emplace(stream); fresh) {
    if (const size_t at = incoming.trailers.find(kStatus); at != std::string::npos) {
      const char* digits = incoming.trailers.data() + at + kStatus.size() + 1;
      std::from_chars(digits, incoming.trailers.data() + incoming.trailers.size(), answer->second.status);
    }
    if (incoming.data.size() > 5) answer->second.message = incoming.data.substr(5);
    answer->second.trailers = std::move(incoming.trailers);
  }
  incoming_.erase(stream);
}

}  // namespace finalmile::testing
