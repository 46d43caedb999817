import Glibc

/// A TCP port of 127.0.0.1 that accepts connections and says nothing, or one answer: a dead or
/// foreign server.
public final class SilentListener: Sendable {
    public let port: Int
    private let listener: Int32

    public init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { [listener] in
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isListening else {
            close(listener)
            throw TestFailure("cannot listen on 127.0.0.1")
        }
    }

    /// Accepts one connection, sends the bytes and closes it. Blocks: for a thread of its own.
    public func answerOnce(_ text: String) {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        var ignored = [UInt8](repeating: 0, count: 1024)
        _ = recv(connection, &ignored, ignored.count, 0)
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        close(connection)
    }

    deinit { close(listener) }
}
