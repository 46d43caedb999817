import Foundation

/// The TCP sockets of a network namespace, as `/proc/PID/net/tcp` and `tcp6` list them.
///
/// Source: proc(5), `/proc/net/tcp`; the states are those of `include/net/tcp_states.h`.
struct SocketTable {
    /// An IP address and port. Addresses of IPv4 that are written as IPv6 (`::ffff:10.0.0.1`) are those of IPv4.
    struct Endpoint: Hashable {
        /// 4 or 16 bytes in network order.
        var address: [UInt8]
        var port: Int32

        var isLoopback: Bool {
            address.count == 4 ? address[0] == 127 : address == [UInt8](repeating: 0, count: 15) + [1]
        }
    }

    struct Entry: Hashable {
        var local: Endpoint
        var remote: Endpoint
        /// 1 established, 8 close-wait.
        var state: UInt8
        var user: UInt32
        /// 0 once its process has closed it.
        var inode: UInt64

        /// Whether both ends have it open.
        var isEstablished: Bool { state == 1 }
        /// Whether the other end has closed its side: CLOSE_WAIT, CLOSING, LAST_ACK, or nothing is left of it.
        var isClosedByPeer: Bool { [7, 8, 9, 11].contains(state) }

        var stateName: String {
            switch state {
            case 7: "CLOSE"
            case 8: "CLOSE_WAIT"
            case 9: "LAST_ACK"
            case 11: "CLOSING"
            default: "state \(state)"
            }
        }
    }

    private(set) var entries: [Entry] = []

    /// Keeps the entries that have this endpoint on either side: a busy machine has tens of thousands of others.
    ///
    /// - Parameter tables: the contents of `tcp` and `tcp6`.
    init(_ tables: [[UInt8]], about endpoint: Endpoint) {
        let port = Self.hexadecimal(of: UInt16(truncatingIfNeeded: endpoint.port))
        for table in tables {
            table.withUnsafeBufferPointer { bytes in
                var start = 0
                while start < bytes.count {
                    let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                    let line = UnsafeBufferPointer(rebasing: bytes[start..<end])
                    start = end + 1
                    // Most lines are none of ours, which the port tells without taking them apart.
                    guard Self.mentions(port, in: line), let entry = Self.entry(line) else { continue }
                    if entry.local == endpoint || entry.remote == endpoint { entries.append(entry) }
                }
            }
        }
    }

    /// An address as PostgreSQL's `host()` writes it; `nil` if it is none.
    static func endpoint(address: String, port: Int32) -> Endpoint? {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 {
            return Endpoint(address: withUnsafeBytes(of: four) { Array($0) }, port: port)
        }
        var six = in6_addr()
        // A link-local address has its interface behind a percent sign.
        let plain = address.split(separator: "%").first.map(String.init) ?? ""
        guard inet_pton(AF_INET6, plain, &six) == 1 else { return nil }
        return Endpoint(address: plainest(withUnsafeBytes(of: six) { Array($0) }), port: port)
    }

    private static func plainest(_ address: [UInt8]) -> [UInt8] {
        address.count == 16 && address[..<12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            ? Array(address[12...]) : address
    }

    private static func hexadecimal(of port: UInt16) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [12, 8, 4, 0].map { digits[Int(port >> UInt16($0)) & 15] }
    }

    /// Whether a line has `:PORT ` in it.
    private static func mentions(_ port: [UInt8], in line: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index + 5 < line.count {
            if line[index] == UInt8(ascii: ":"), line[index + 5] == UInt8(ascii: " "), line[index + 1] == port[0],
                line[index + 2] == port[1], line[index + 3] == port[2], line[index + 4] == port[3]
            {
                return true
            }
            index += 1
        }
        return false
    }

    /// `   0: 0100007F:1538 0100007F:D431 01 00000000:00000000 00:00000000 00000000   104        0 25412 …`
    private static func entry(_ line: UnsafeBufferPointer<UInt8>) -> Entry? {
        let fields = line.split(separator: UInt8(ascii: " "))
        guard fields.count > 9, let local = endpoint(fields[1]), let remote = endpoint(fields[2]),
            let state = UInt8(String(decoding: fields[3], as: UTF8.self), radix: 16),
            let user = UInt32(String(decoding: fields[7], as: UTF8.self)),
            let inode = UInt64(String(decoding: fields[9], as: UTF8.self))
        else { return nil }
        return Entry(local: local, remote: remote, state: state, user: user, inode: inode)
    }

    /// The kernel prints an address as words of 32 bits in the machine's order.
    private static func endpoint(_ field: Slice<UnsafeBufferPointer<UInt8>>) -> Endpoint? {
        let parts = field.split(separator: UInt8(ascii: ":")).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 2, let port = Int32(parts[1], radix: 16), parts[0].count == 8 || parts[0].count == 32
        else {
            return nil
        }
        var address: [UInt8] = []
        var rest = Substring(parts[0])
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            withUnsafeBytes(of: word) { address.append(contentsOf: $0) }
            rest = rest.dropFirst(8)
        }
        return Endpoint(address: plainest(address), port: port)
    }
}

extension SocketTable.Entry {
    /// Asks for one socket by its two ends: reading the whole table costs milliseconds, since the kernel looks through its whole hash table,
    /// and this microseconds.
    ///
    /// Source: `include/uapi/linux/inet_diag.h`, `struct inet_diag_req_v2` and `struct inet_diag_msg`.
    static func ask(
        local: SocketTable.Endpoint, remote: SocketTable.Endpoint
    ) throws(SocketDiagnosis.Failure) -> SocketTable.Entry {
        var request = SocketDiagnosis.Message()
        request.append(UInt8(local.address.count == 4 ? AF_INET : AF_INET6))
        request.append(UInt8(6))  // sdiag_protocol: IPPROTO_TCP
        request.append(UInt16(0))
        request.append(UInt32.max)  // idiag_states
        request.append(UInt16(truncatingIfNeeded: local.port).bigEndian)
        request.append(UInt16(truncatingIfNeeded: remote.port).bigEndian)
        for end in [local, remote] {
            request.append(contentsOf: end.address + [UInt8](repeating: 0, count: 16 - end.address.count))
        }
        request.append(UInt32(0))  // idiag_if
        request.append(UInt64.max)  // idiag_cookie: none
        let answer = try SocketDiagnosis.ask(request)
        guard let state: UInt8 = answer.number(1), let user: UInt32 = answer.number(64),
            let inode: UInt32 = answer.number(68)
        else { throw .unavailable("an answer that is cut off") }
        // Where no connection is found, the kernel answers with the socket that listens there (TCP_LISTEN).
        guard state != 10 else { throw .missing }
        return SocketTable.Entry(local: local, remote: remote, state: state, user: user, inode: UInt64(inode))
    }
}
