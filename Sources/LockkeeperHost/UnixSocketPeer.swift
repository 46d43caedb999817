import Foundation

/// The other end of a Unix socket, which no file in `/proc` tells.
struct UnixSocketPeer: Hashable {
    /// The inode of the other end; 0 once that is closed.
    var inode: UInt64
    /// Whether the socket's name is that of a PostgreSQL server's: one that it has accepted carries the name of the one listening.
    var isServers: Bool

    /// Source: `include/uapi/linux/unix_diag.h`, `struct unix_diag_req` and `struct unix_diag_msg`.
    static func ask(about inode: UInt64) throws(SocketDiagnosis.Failure) -> UnixSocketPeer {
        var request = SocketDiagnosis.Message()
        request.append(UInt8(AF_UNIX))
        request.append(UInt8(0))
        request.append(UInt16(0))
        request.append(UInt32.max)  // udiag_states
        request.append(UInt32(truncatingIfNeeded: inode))
        request.append(UInt32(1 | 4))  // udiag_show: UDIAG_SHOW_NAME, UDIAG_SHOW_PEER
        request.append(UInt64.max)  // udiag_cookie: none
        let answer = try SocketDiagnosis.ask(request)
        // A socket that is not connected has no peer's attribute.
        var peer = UnixSocketPeer(inode: 0, isServers: false)
        for (kind, value) in answer.attributes(from: 16) {
            switch kind {
            case 0: peer.isServers = String(decoding: value.bytes, as: UTF8.self).contains(".s.PGSQL.")
            case 2: peer.inode = value.number(0, as: UInt32.self).map(UInt64.init) ?? 0
            default: break
            }
        }
        return peer
    }
}
