import CPostgres
import Glibc

/// Asks the server to cancel what a session runs (the manual, "Canceling Requests in Progress").
///
/// `PQcancel` blocks, and for ever with a server that was stopped: it waits for the server to close the connection. So it
/// runs on a thread of its own, and only after the same address has just answered.
final class CancelRequest {
    private let handle: OpaquePointer
    private let host: String
    private let address: String
    private let port: UInt16

    /// - Parameter connection: an open connection; it may be finished afterwards.
    init?(_ connection: OpaquePointer) {
        guard let handle = PQgetCancel(connection) else { return nil }
        self.handle = handle
        host = PQhost(connection).map { String(cString: $0) } ?? ""
        address = PQhostaddr(connection).map { String(cString: $0) } ?? ""
        port = PQport(connection).flatMap { UInt16(String(cString: $0)) } ?? 5432
    }

    deinit { PQfreeCancel(handle) }

    /// Sends it from a thread of its own, which ends within some seconds, and returns at once.
    consuming func sendInBackground() {
        var thread = pthread_t()
        let retained = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<CancelRequest>.fromOpaque(pointer).takeRetainedValue().send()
                return nil
            }, retained.toOpaque())
        if code == 0 {
            pthread_detach(thread)
        } else {
            // No thread to be had: the server's own statement_timeout ends the query.
            retained.release()
        }
    }

    private func send() {
        // A busy server may take its time, and the query goes on meanwhile.
        guard serverAnswers(within: 3_000) else { return }
        var error = [CChar](repeating: 0, count: 256)
        // Nobody waits for the answer, and a failure changes nothing: the connection is given up already.
        _ = PQcancel(handle, &error, Int32(error.count))
    }

    /// Whether the address answers an SSLRequest (the manual, "Message Formats"): one byte, from every server and
    /// pooler, before any authentication.
    private func serverAnswers(within milliseconds: Int32) -> Bool {
        let socket = connectedSocket(within: milliseconds)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        let request: [UInt8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]
        guard request.withUnsafeBytes({ Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }) == 8,
            ready(socket, POLLIN, milliseconds)
        else { return false }
        var answer: UInt8 = 0
        return recv(socket, &answer, 1, 0) == 1
    }

    private func connectedSocket(within milliseconds: Int32) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        var storage = sockaddr_storage()
        let filled: (family: Int32, length: socklen_t)? = withUnsafeMutableBytes(of: &storage) { bytes in
            if host.hasPrefix("/") {
                let path = Array("\(host)/.s.PGSQL.\(port)".utf8)
                guard let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path),
                    offset + path.count < MemoryLayout<sockaddr_un>.size
                else { return nil }
                bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                bytes.baseAddress?.advanced(by: offset).copyMemory(from: path, byteCount: path.count)
                return (AF_UNIX, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
            var v4 = sockaddr_in()
            if inet_pton(AF_INET, address, &v4.sin_addr) == 1 {
                v4.sin_family = sa_family_t(AF_INET)
                v4.sin_port = port.bigEndian
                bytes.storeBytes(of: v4, as: sockaddr_in.self)
                return (AF_INET, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
            var v6 = sockaddr_in6()
            if inet_pton(AF_INET6, address, &v6.sin6_addr) == 1 {
                v6.sin6_family = sa_family_t(AF_INET6)
                v6.sin6_port = port.bigEndian
                bytes.storeBytes(of: v6, as: sockaddr_in6.self)
                return (AF_INET6, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
            return nil
        }
        guard let filled else { return -1 }
        let socket = Glibc.socket(filled.family, kind, 0)
        guard socket >= 0 else { return -1 }
        let code = withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, filled.length) }
        }
        if code == 0 || (errno == EINPROGRESS && ready(socket, POLLOUT, milliseconds)) { return socket }
        close(socket)
        return -1
    }

    private func ready(_ socket: Int32, _ events: Int32, _ milliseconds: Int32) -> Bool {
        var watched = pollfd(fd: socket, events: Int16(events), revents: 0)
        return poll(&watched, 1, milliseconds) == 1
    }
}
