#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::testing {

// A TCP connection to a port of 127.0.0.1 that is closed with it. Not thread-safe.
class Socket {
 public:
  // `receive_buffer` in bytes; 0: as the system has it.
  explicit Socket(int port, int receive_buffer = 0);
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;

  bool connected() const { return fd_ >= 0; }
  // False: the other side has closed it, or has taken nothing for `patience`.
  bool Send(std::string_view bytes, absl::Duration patience = absl::Seconds(5)) const;
  // What has come, at most 64 KiB; empty when it is closed or nothing has come for `patience`.
  std::string Receive(absl::Duration patience) const;

 private:
  int fd_;
};

// gRPC as a hostile caller speaks it: frames of HTTP/2 as the test wants them, where a gRPC client would not
// do such a thing. Not thread-safe.
class RawHttp2 {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  struct Options {
    // How many bytes of each answer the server may send before it is given more, which never happens.
    uint32_t answer_window = 0x7fffffff;
    int receive_buffer = 0;
  };
  struct Request {
    std::string path;
    std::string message = {};
    // The message is bytes of gzip.
    bool gzip = false;
    Headers headers = {};
  };
  struct Answer {
    // -1: there is none.
    int status = -1;
    // The trailers as they came, with the message and the details in them.
    std::string trailers = {};
    std::string message = {};
  };

  explicit RawHttp2(int port) : RawHttp2(port, Options{}) {}
  RawHttp2(int port, const Options& options);

  bool open() const { return open_; }
  const Socket& socket() const { return socket_; }

  // Sends a whole call, as far as the server takes it, and returns its stream.
  uint32_t Start(const Request& request);
  // The same in one piece, and without reading anything from the server; for messages of 16 KiB at most.
  uint32_t StartUnread(const Request& request);
  // The end of a call; empty when it does not come for `patience`.
  Answer Await(uint32_t stream, absl::Duration patience = absl::Seconds(30));
  Answer Call(const Request& request) { return Await(Start(request)); }
  // Reads once and takes in the frames that are whole. False: the connection has ended, or nothing has come
  // for `patience`.
  bool Read(absl::Duration patience);
  // The calls that have ended as far as has been read.
  const std::map<uint32_t, Answer>& ended() const { return ended_; }

  static std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload);
  static std::string HeaderBlock(const Request& request);

 private:
  struct Incoming {
    std::string data;
    std::string trailers;
  };

  void Take(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload);
  void End(uint32_t stream);

  Socket socket_;
  bool open_;
  uint32_t next_stream_ = 1;
  std::string unread_;
  int64_t initial_window_ = 65'535;
  int64_t connection_window_ = 65'535;
  // The stream that is sent.
  uint32_t sending_ = 0;
  int64_t stream_window_ = 0;
  std::map<uint32_t, Incoming> incoming_;
  std::map<uint32_t, Answer> ended_;
};

}  // namespace finalmile::testing
