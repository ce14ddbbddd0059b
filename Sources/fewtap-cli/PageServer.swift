import Dispatch
import Fewtap
import Foundation
import Synchronization

/// Gives one page to browsers of this machine, over HTTP/1.1.
///
/// It listens to 127.0.0.1 alone, and answers `GET /` alone. The `Host` must name this machine, so that no page of another site that has
/// its name point here can read ours. No part of a request touches the file system.
final class PageServer: Sendable {
  /// The port that it listens to.
  let port: UInt16
  private let page: [UInt8]
  private let listener: Int32
  private let openCount = Atomic<Int>(0)

  /// Most bytes of a request's head.
  private static let longestHead = 16 << 10
  /// Most connections at a time.
  private static let mostConnections = 32
  /// Seconds that a connection may be silent.
  private static let patience = 5

  /// A server that listens to `port`; 0: one that is free.
  ///
  /// Throws: ``Failure`` with the system's reason.
  init(_ page: [UInt8], port wanted: UInt16) throws {
    self.page = page
    #if os(Linux)
    let stream = Int32(SOCK_STREAM.rawValue)
    #else
    let stream = SOCK_STREAM
    #endif
    let listener = socket(AF_INET, stream, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = wanted.bigEndian
    // 127.0.0.1
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var (isOn, size) = (Int32(1), socklen_t(MemoryLayout<sockaddr_in>.size))
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
    let isListening = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, address, &size) == 0
      }
    }
    guard isListening else {
      let reason = String(cString: strerror(errno))
      close(listener)
      throw Failure("--serve: cannot listen to port \(wanted): \(reason); choose another --port")
    }
    (self.listener, port) = (listener, UInt16(bigEndian: address.sin_port))
  }

  deinit { close(listener) }

  /// Where browsers find the page.
  var address: String { "http://127.0.0.1:\(port)/" }

  /// Answers until it is asked to stop.
  func run(until cancellation: Cancellation) {
    var listening = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    while !cancellation.isCancelled {
      // A signal's request is seen a fifth of a second later.
      guard poll(&listening, 1, 200) > 0 else { continue }
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { continue }
      guard openCount.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostConnections else {
        openCount.wrappingSubtract(1, ordering: .relaxed)
        close(connection)
        continue
      }
      // A thread each: browsers open connections before they need them.
      DispatchQueue.global().async { [self] in
        converse(connection)
        close(connection)
        openCount.wrappingSubtract(1, ordering: .relaxed)
      }
    }
  }

  private func converse(_ connection: Int32) {
    var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] { setsockopt(connection, SOL_SOCKET, option, &patience, size) }
    let until = ContinuousClock.now + .seconds(2 * Self.patience)
    var head: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while head.firstRange(of: Array("\r\n\r\n".utf8)) == nil, head.count <= Self.longestHead {
      let count = read(connection, &part, part.count)
      guard count > 0, ContinuousClock.now < until else { return }
      head += part[..<count]
    }
    var rest = answer(to: head)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
    // What is still unread would make the system throw away what is not yet sent.
    shutdown(connection, Int32(SHUT_WR))
    while ContinuousClock.now < until, read(connection, &part, part.count) > 0 {}
  }

  /// The answer to a request whose head is in `bytes`.
  private func answer(to bytes: [UInt8]) -> [UInt8] {
    func answer(_ status: String, _ type: String = "text/plain", _ body: [UInt8]? = nil, more: String = "") -> [UInt8] {
      let body = body ?? Array("\(status)\n".utf8)
      let head = """
        HTTP/1.1 \(status)\r
        Content-Type: \(type); charset=utf-8\r
        Content-Length: \(body.count)\r
        Connection: close\r
        Cache-Control: no-store\r
        X-Content-Type-Options: nosniff\r
        Cross-Origin-Resource-Policy: same-origin\r
        Referrer-Policy: no-referrer\r
        \(more)\r\n
        """
      return Array(head.utf8) + body
    }
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)), end.lowerBound <= Self.longestHead else {
      return answer("431 Request Header Fields Too Large")
    }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(
      separator: "\r\n", omittingEmptySubsequences: false)
    let request = lines[0].split(separator: " ", omittingEmptySubsequences: false)
    let fields = lines.dropFirst().map { line in
      line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    }
    guard request.count == 3, fields.allSatisfy({ $0.count == 2 && !$0[0].isEmpty && !$0[0].contains(" ") }) else {
      return answer("400 Bad Request")
    }
    guard request[2] == "HTTP/1.1" else { return answer("505 HTTP Version Not Supported") }
    let hosts = fields.filter { $0[0].lowercased() == "host" }.map {
      $0[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t")).lowercased()
    }
    guard hosts.count == 1 else { return answer("400 Bad Request") }
    guard ["127.0.0.1:\(port)", "localhost:\(port)"].contains(hosts[0]) else {
      return answer("421 Misdirected Request")
    }
    guard request[0] == "GET" else { return answer("405 Method Not Allowed", more: "Allow: GET\r\n") }
    guard request[1] == "/" else { return answer("404 Not Found") }
    return answer("200 OK", "text/html", page)
  }
}
