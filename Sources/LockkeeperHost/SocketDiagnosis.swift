import Foundation

/// Questions to the kernel about single sockets of the agent's own network namespace, which anyone may ask.
///
/// Source: sock_diag(7); `include/uapi/linux/{netlink,sock_diag,inet_diag,unix_diag}.h`. Their constants are macros that Swift does not see.
enum SocketDiagnosis {
    enum Failure: Error, Hashable {
        /// No such socket in this network namespace.
        case missing
        /// The kernel does not answer such questions: it lacks the module, or forbids them. A sentence's end for people.
        case unavailable(String)
    }

    /// Numbers in the machine's order of bytes, one after the other, as C lays them out where nothing needs padding.
    struct Message {
        private(set) var bytes: [UInt8] = []

        mutating func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
        }

        mutating func append(contentsOf other: [UInt8]) { bytes += other }
    }

    /// What follows the header of an answer.
    struct Answer {
        let bytes: ArraySlice<UInt8>

        func number<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type = Number.self) -> Number? {
            guard offset >= 0, offset + MemoryLayout<Number>.size <= bytes.count else { return nil }
            return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
        }

        /// The attributes from an offset on, each padded to 4 bytes.
        func attributes(from offset: Int) -> [(kind: UInt16, value: Answer)] {
            var attributes: [(kind: UInt16, value: Answer)] = []
            var offset = offset
            while let size = number(offset, as: UInt16.self).map(Int.init), let kind: UInt16 = number(offset + 2),
                size >= 4, offset + size <= bytes.count
            {
                let start = bytes.startIndex + offset
                attributes.append((kind, Answer(bytes: bytes[(start + 4)..<(start + size)])))
                offset += (size + 3) & ~3
            }
            return attributes
        }
    }

    static func ask(_ request: Message) throws(Failure) -> Answer {
        // NETLINK_SOCK_DIAG
        let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 4)
        guard descriptor >= 0 else { throw .unavailable(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        // It answers at once or not at all; nothing must hang on it.
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))

        var message = Message()
        message.append(UInt32(16 + request.bytes.count))  // nlmsg_len
        message.append(UInt16(20))  // nlmsg_type: SOCK_DIAG_BY_FAMILY
        message.append(UInt16(1))  // nlmsg_flags: NLM_F_REQUEST
        message.append(UInt32(1))  // nlmsg_seq
        message.append(UInt32(0))  // nlmsg_pid: to the kernel
        message.append(contentsOf: request.bytes)
        guard send(descriptor, message.bytes, message.bytes.count, 0) == message.bytes.count else {
            throw .unavailable(String(cString: strerror(errno)))
        }
        var reply = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &reply, reply.count, 0)
        guard count >= 16 else { throw .unavailable("no answer") }
        let header = Answer(bytes: reply[..<count])
        let end = min(header.number(0, as: UInt32.self).map(Int.init) ?? 0, count)
        guard end >= 16 else { throw .unavailable("an answer that is cut off") }
        let answer = Answer(bytes: reply[16..<end])
        switch header.number(4, as: UInt16.self) {
        case 20:
            return answer
        case 2:  // NLMSG_ERROR
            let code = -(answer.number(0, as: Int32.self) ?? 0)
            if code == ENOENT { throw .missing }
            throw .unavailable(String(cString: strerror(code)))
        default:
            throw .unavailable("an answer of an unknown type")
        }
    }
}
