import LockkeeperCore

/// The advisory lock whose holder tells people of a target, among the agents that watch it.
///
/// Its first key says that it is Lockkeeper's, its second which target, by the hash of the target's configured name; and the server keeps
/// advisory locks apart by database (the manual, "Advisory Locks"). So agents agree on the lock where they are configured alike: the same
/// name for the target, the same database in its connection string. That is also what makes them tell the same, for the name stands
/// in all that they tell. Where they are not alike, each leads for itself: people hear twice, rather than never. And two targets of one
/// agent have two names, so they never stand in each other's way, though they be one database.
public struct LeadershipLock: Sendable, Hashable {
    /// The first key of all of them: `LKPR` in ASCII.
    public static let family: Int32 = 0x4C4B_5052

    /// The second key: the 64 bits of the name's FNV-1a hash, one half over the other.
    public let key: Int32

    /// - Parameter target: the target's configured name.
    public init(target: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in target.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        key = Int32(bitPattern: UInt32(truncatingIfNeeded: hash ^ (hash >> 32)))
    }

    /// Takes the lock if nobody else has it, and says whether it is ours, and which server process said so. Never waits: who waits for a
    /// lock stands in everybody's wait graph.
    ///
    /// Asking again while it is ours costs nothing but a counter in the server process, and asks the right thing: whether it is still ours,
    /// whatever has happened to the session's locks meanwhile. For PostgreSQL 13 to 18, standbys included.
    var take: Query {
        Query(
            name: "lockkeeper_leadership",
            sql: "SELECT pg_catalog.pg_try_advisory_lock($1::int4, $2::int4), pg_catalog.pg_backend_pid()",
            parameters: [String(Self.family), String(key)])
    }

    /// Who has it: process, `application_name`, address. Reads the whole lock table, so it is asked rarely. For PostgreSQL 13 to 18.
    var holder: Query {
        Query(
            name: "lockkeeper_leadership_holder",
            sql: """
                SELECT l.pid, a.application_name, pg_catalog.host(a.client_addr)
                FROM pg_catalog.pg_lock_status() AS l
                LEFT JOIN pg_catalog.pg_stat_get_activity(NULL) AS a ON a.pid = l.pid
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
                    AND l.classid = $1::pg_catalog.oid AND l.objid = $2::pg_catalog.oid
                    AND l.database = (
                        SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
                """, parameters: [Self.family, key].map { String(UInt32(bitPattern: $0)) })
    }

    static func readHolder(_ rows: Rows) -> LockHolder? {
        guard let row = rows.first, let pid: Int32 = row.integer(0) else { return nil }
        return LockHolder(pid: pid, applicationName: row.text(1) ?? "", clientAddress: row.text(2))
    }
}
