import Foundation

/// Asks the kernel for the other end of a Unix socket, which no file in `/proc` tells.
///
/// Source: sock_diag(7), `UNIX_DIAG_PEER`; `include/uapi/linux/unix_diag.h`. It answers for the agent's own network namespace, to anyone.
struct UnixSocketPeer: Hashable {
    /// The inode of the other end; 0 once that is closed.
    var inode: UInt64
    /// Whether the socket's name is that of a PostgreSQL server's: one that it has accepted carries the name of the one listening.
    var isServers: Bool

    enum Failure: Error, Hashable {
        /// No such socket in this network namespace.
        case missing
        /// The kernel does not answer such questions: it lacks `unix_diag`, or forbids them. A sentence's end for people.
        case unavailable(String)
    }

    static func ask(about inode: UInt64) throws(Failure) -> UnixSocketPeer {
        // NETLINK_SOCK_DIAG is 4, a macro of <linux/netlink.h> that Swift does not see.
        let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 4)
        guard descriptor >= 0 else { throw .unavailable("\(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        // It answers at once or not at all; nothing must hang on it.
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))

        let request = message(about: UInt32(truncatingIfNeeded: inode))
        guard send(descriptor, request, request.count, 0) == request.count else {
            throw .unavailable("\(String(cString: strerror(errno)))")
        }
        var reply = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &reply, reply.count, 0)
        guard count >= 16 else { throw .unavailable("no answer") }
        return try read(Array(reply[..<count]))
    }

    /// A `struct nlmsghdr` and a `struct unix_diag_req`, in the machine's order of bytes.
    private static func message(about inode: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
        append(UInt32(16 + 24))  // nlmsg_len
        append(UInt16(20))  // nlmsg_type: SOCK_DIAG_BY_FAMILY
        append(UInt16(1))  // nlmsg_flags: NLM_F_REQUEST
        append(UInt32(1))  // nlmsg_seq
        append(UInt32(0))  // nlmsg_pid: to the kernel
        append(UInt8(AF_UNIX))  // sdiag_family
        append(UInt8(0))  // sdiag_protocol
        append(UInt16(0))
        append(UInt32.max)  // udiag_states
        append(inode)
        append(UInt32(1 | 4))  // udiag_show: UDIAG_SHOW_NAME, UDIAG_SHOW_PEER
        append(UInt64.max)  // udiag_cookie: none
        return bytes
    }

    private static func read(_ bytes: [UInt8]) throws(Failure) -> UnixSocketPeer {
        func number<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type = Number.self) -> Number? {
            guard offset >= 0, offset + MemoryLayout<Number>.size <= bytes.count else { return nil }
            return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
        }
        let length = min(number(0, as: UInt32.self).map(Int.init) ?? 0, bytes.count)
        switch number(4, as: UInt16.self) {
        case 20:
            break
        case 2:  // NLMSG_ERROR
            let code = -(number(16, as: Int32.self) ?? 0)
            if code == ENOENT { throw .missing }
            throw .unavailable("\(String(cString: strerror(code)))")
        default:
            throw .unavailable("an answer of an unknown type")
        }
        // The attributes follow a `struct unix_diag_msg` of 16 bytes, each padded to 4.
        var peer: UInt64?
        var isServers = false
        var offset = 32
        while offset + 4 <= length, let size = number(offset, as: UInt16.self).map(Int.init), size >= 4,
            offset + size <= length, let kind: UInt16 = number(offset + 2)
        {
            switch kind {
            case 0:
                isServers = String(decoding: bytes[(offset + 4)..<(offset + size)], as: UTF8.self).contains(".s.PGSQL.")
            case 2: peer = number(offset + 4, as: UInt32.self).map(UInt64.init)
            default: break
            }
            offset += (size + 3) & ~3
        }
        // A socket that is not connected has no such attribute.
        return UnixSocketPeer(inode: peer ?? 0, isServers: isServers)
    }
}
